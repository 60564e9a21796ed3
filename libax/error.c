/* SPDX-License-Identifier: MIT */
#include <ax/errors.h>

#include <string.h>

const char *ax_strerror(int error)
{
    const char *text = NULL;
    switch (error) {
    case 0:
        return "done";
#define ERROR_TEXT(name, number, text)                                                             \
    case number:                                                                                   \
        return text;
        AX_ERRORS(ERROR_TEXT)
#undef ERROR_TEXT
    default:
        if (error < 0)
            text = strerrordesc_np((int)(0u - (unsigned)error));
        return text != NULL ? text : "unknown error";
    }
}

const char *ax_error_name(int error)
{
    const char *name = NULL;
    switch (error) {
    case 0:
        return "AX_OK";
#define ERROR_NAME(name, number, text)                                                             \
    case number:                                                                                   \
        return "AX_E_" #name;
        AX_ERRORS(ERROR_NAME)
#undef ERROR_NAME
    default:
        if (error < 0)
            name = strerrorname_np((int)(0u - (unsigned)error));
        return name != NULL ? name : "?";
    }
}
