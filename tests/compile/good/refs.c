/* SPDX-License-Identifier: MIT */
/* All three sorts of refs; a contract that is local may carry a ref to another one that is. */
#define AX_LOCAL
#define AX_CONTRACT cellar
#define AX_MESSAGES(TELL, ASK) TELL(inc, ())
#include <ax/contract.h>

#define AX_LOCAL
#define AX_CONTRACT vault
#define AX_MESSAGES(TELL, ASK) TELL(meet, (ref_to(cellar), who, array(ref_to(cellar), 2), others))
#include <ax/contract.h>

#define AX_CONTRACT counter
#define AX_MESSAGES(TELL, ASK) TELL(inc, ()) TELL(meet, (ref_to(counter), who))
#include <ax/contract.h>

int use(struct ax_ctx *ctx, counter_ref any, counter_remote_ref remote, cellar_ref cellar);
int use(struct ax_ctx *ctx, counter_ref any, counter_remote_ref remote, cellar_ref cellar)
{
    counter_local_ref local;
    cellar_local_ref near;
    uint64_t ns;

    AX_TRY(counter_as_local_ref(any, &local));
    AX_TRY(counter_inc(ctx, counter_of_local(local)));
    AX_TRY(counter_as_remote_ref(any, &remote));
    AX_TRY(counter_inc(ctx, counter_of_remote(remote)));
    AX_TRY(cellar_as_local_ref(cellar, &near));
    AX_TRY(cellar_stop_wait(ctx, cellar_of_local(near), AX_SECONDS(1)));
    AX_TRY(counter_idle_for(ctx, any, &ns));
    AX_TRY(counter_silence_for(ctx, any, &ns));
    AX_TRY(counter_stop(ctx, any));
    return (int)(counter_mailbox_len(ctx, any) + counter_control_mailbox_len(ctx, any) +
                 counter_inflight_count(ctx, any) + counter_incarnation(ctx, any)) +
           counter_is_closed(ctx, any) + counter_is_terminated(ctx, any);
}
