# SPDX-License-Identifier: MIT
#
# Everything is built below build/, each configuration in a folder of its own:
#
#   build/         gcc -O2 -g: what is installed, tested and measured
#   build/asan/    CONFIG=asan   AddressSanitizer and UndefinedBehaviorSanitizer
#   build/clang/   CONFIG=clang  the same sources by the other compiler
#   build/fuzz/    CONFIG=fuzz   libFuzzer programs
#   build/cov/     CONFIG=cov    what counts which branches are taken
#
# Nothing is listed by hand: a source belongs to what its folder says. The first three of these
# may be files or, where a thing has several sources, folders of that name:
#
#   libax/examples/NAME.c        build/plugins/NAME.so, compiled as a user would, with <ax/...> only
#   tests/plugins/NAME.c         build/tests/plugins/NAME.so, plugins that only tests load
#   tests/{unit,sim,e2e,crash}/NAME.c  build/tests/SUITE/NAME, linked with all of the tree
#   tests/lib/*.c                a library that all of these test programs are linked with
#   tests/fuzz/fuzz_NAME.c       build/fuzz/fuzz_NAME
#   overlay/gateway/*.c          build/plugins/gateway.so, the plugin of the process that speaks with
#                                other nodes; a part of the tree, so it sees what lies below
#
# An object is compiled again when a header it includes or the flags change; what is linked, when
# a source is added or removed.

VERSION := 0.1.0
SONAME := libax.so.0

# All packages of Debian 12 that building, testing and checking need.
DEPS := gcc make libc6-dev pkg-config
DEPS += liburing-dev libsodium-dev libjansson-dev
DEPS += libcmocka-dev      # unit tests
DEPS += clang              # make clang, make fuzz
DEPS += libclang-rt-14-dev # libFuzzer and the sanitizers' runtime for clang
DEPS += llvm               # llvm-symbolizer: names in the reports of sanitizers and fuzzers
DEPS += procps             # pgrep: a test counts the children of a worker
DEPS += binutils           # nm: the check of exported symbols
DEPS += clang-format clang-tidy cppcheck shellcheck mandoc
DEPS += spin               # make model
DEPS += redis-server redis-tools # what the key-value server is compared with, and clients of it
DEPS += libhiredis-dev     # another client of it; leases in Redis
DEPS += libssl-dev openssl # leases in Redis by TLS; certificates of tests
DEPS += libcurl4-openssl-dev etcd-server # leases in etcd
DEPS += iproute2 nftables  # nodes in network namespaces, and what is cut off between them

# "make deps test" is "make deps" and then "make test": the packages must be there before the
# first compiler runs, whatever -j says. The same for clean.
ORDERED := $(filter deps clean,$(MAKECMDGOALS))
ifneq ($(and $(ORDERED),$(word 2,$(MAKECMDGOALS))),)

.PHONY: $(MAKECMDGOALS) goals-in-order
$(MAKECMDGOALS): goals-in-order
	@:
goals-in-order:
	+@set -e; for goal in $(MAKECMDGOALS); do \
		$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc)) "$$goal"; \
	done

else

# As many jobs as there are cores, unless -j says otherwise.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
SHELL := /bin/bash
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) '$(2)')

# --- configuration --------------------------------------------------------------------------

CONFIG :=
CONFIGS := asan clang fuzz cov
$(if $(filter-out $(CONFIGS),$(CONFIG)),$(error CONFIG is one of: $(CONFIGS)))
B := build$(if $(CONFIG),/$(CONFIG))

ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS ?= -O2 -g
LDFLAGS ?=
# Kinds of lease store; 0 leaves one out, and the libraries that it needs.
WITH_REDIS ?= 1
WITH_ETCD ?= 1
WERROR ?= -Werror
sanitize :=

ifneq ($(filter clang fuzz,$(CONFIG)),)
CC := clang
endif
ifneq ($(filter asan fuzz,$(CONFIG)),)
CFLAGS := -O1 -g -fno-omit-frame-pointer
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all
WERROR := # gcc finds uninitialized variables in the code that it adds itself
endif
ifeq ($(CONFIG),fuzz)
sanitize += -fsanitize=fuzzer-no-link
endif
ifeq ($(CONFIG),cov)
CFLAGS := -O0 -g
sanitize := --coverage
endif

with_redis := $(filter-out 0,$(WITH_REDIS))
with_etcd := $(filter-out 0,$(WITH_ETCD))
store_defs := $(if $(with_redis),-DOV_WITH_REDIS) $(if $(with_etcd),-DOV_WITH_ETCD)
warnings := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla $(WERROR)
# All objects are position-independent: the same ones go into libax.so, axsup, tests and fuzzers.
# No semantic interposition: within libax.so a call is a call, not a jump through the PLT.
cc_flags := -std=gnu17 -D_GNU_SOURCE $(warnings) -fPIC -fno-semantic-interposition \
	-fstack-protector-strong $(sanitize) $(CFLAGS)
includes := -I. -Ilibax/include
# -z now: no symbol is looked up in the middle of a handler.
ld_flags := $(sanitize) -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed $(LDFLAGS)
# clang leaves the sanitizers' own symbols in a shared object to the program.
ld_defs := $(if $(sanitize),,-Wl,-z,defs)
libs := -luring -ljansson -lsodium -lm
ov_libs := $(if $(with_redis),-lhiredis -lssl -lcrypto) $(if $(with_etcd),-lcurl)

# --- installation folders -------------------------------------------------------------------

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
CONFDIR ?= $(PREFIX)/share/axsup/conf
PLUGINDIR ?= $(LIBDIR)/axsup/plugins
DESTDIR ?=

# axsup finds its library and the installed plugins from where it lies itself, so that one build
# serves the source tree and any PREFIX or DESTDIR. AX_PLUGIN_DIR is relative to axsup's folder.
from_bin = $(shell realpath -ms --relative-to='$(BINDIR)' '$(1)')
axsup_defs := -DAX_VERSION='"$(VERSION)"' -DAX_PLUGIN_DIR='"$(call from_bin,$(PLUGINDIR))"'
axsup_rpath := -Wl,-rpath,'$$ORIGIN:$$ORIGIN/$(call from_bin,$(LIBDIR))'

# --- sources --------------------------------------------------------------------------------

objects = $(patsubst %,$(B)/obj/%.o,$(basename $(1)))

lib_src := $(wildcard shm/*.c libax/*.c libax/*.S)
gateway_src := $(wildcard overlay/gateway/*.c)
ov_src := $(filter-out $(gateway_src) $(if $(with_redis),,overlay/store/re%) \
	$(if $(with_etcd),,overlay/store/etcd%),$(wildcard overlay/*.c overlay/*/*.c))
sup_src := $(filter-out axsup/main.c,$(wildcard axsup/*.c))
lib_obj := $(call objects,$(lib_src))
ov_obj := $(call objects,$(ov_src))
gateway_obj := $(call objects,$(gateway_src))
sup_obj := $(call objects,$(sup_src))
main_obj := $(call objects,$(wildcard axsup/main.c))
testlib_obj := $(call objects,$(wildcard tests/lib/*.c))

# modules DIR: the names NAME with DIR/NAME.c or DIR/NAME/*.c; parts DIR,NAME: their objects.
modules = $(sort $(patsubst $(1)/%.c,%,$(wildcard $(1)/*.c)) \
	$(patsubst $(1)/%/,%,$(dir $(wildcard $(1)/*/*.c))))
parts = $(call objects,$(wildcard $(1)/$(2).c $(1)/$(2)/*.c))

examples := $(call modules,libax/examples)
plugins := $(examples) gateway
test_plugins := $(call modules,tests/plugins)
fuzzers := $(call modules,tests/fuzz)
test_suites := unit sim e2e crash
test_programs := $(filter-out $(if $(with_redis),,e2e/helper_kv_load),\
	$(foreach s,$(test_suites),$(addprefix $(s)/,$(call modules,tests/$(s)))))

.PHONY: all
all: ## libax.so, axsup and the example plugins (the default)
all: $(B)/libax.so $(B)/axsup $(plugins:%=$(B)/plugins/%.so)

.PHONY: test-programs
test-programs: ## all, and every test program and plugin
test-programs: all $(test_plugins:%=$(B)/tests/plugins/%.so) $(test_programs:%=$(B)/tests/%)

# --- compile --------------------------------------------------------------------------------

# A stamp is written anew only when its text changes.
quote = '$(subst ','\'',$(1))'
define stamp
$(1): FORCE
	@mkdir -p $$(@D)
	@printf '%s\n' $$(call quote,$(2)) >$(1).new
	@cmp -s $(1).new $(1) && rm $(1).new || mv $(1).new $(1)
endef
$(eval $(call stamp,$(B)/.flags,$$(CC) $$(cc_flags) $$(lto) $$(axsup_defs)))
$(eval $(call stamp,$(B)/.links,$$(CC) $$(ld_flags) $$(axsup_rpath) $$(lib_src) $$(ov_src) \
	$$(gateway_src) $$(sup_src) $$(wildcard libax/examples/*/*.c tests/*/*.c tests/*/*/*.c)))
$(eval $(call stamp,$(B)/.stores,$$(store_defs) $$(ov_libs)))
.PHONY: FORCE

extra_flags :=
# The list of kinds is all that is another for another choice of them.
by_kinds := $(B)/obj/overlay/store/store.o $(B)/obj/overlay/store/kinds.o
$(by_kinds): extra_flags := $(store_defs)
$(by_kinds): $(B)/.stores
$(B)/obj/axsup/%.o: extra_flags := $(axsup_defs)
# libax.so is there when the process starts: its thread variables need no call to be found.
# It is optimized as a whole, a tenth to a fifth faster; the objects hold machine code besides.
lto := $(if $(CONFIG),,$(if $(findstring gcc,$(CC)),-flto -ffat-lto-objects))
lto_link := $(if $(lto),-flto=auto $(CFLAGS))
$(B)/obj/shm/%.o $(B)/obj/libax/%.o: extra_flags := -ftls-model=initial-exec $(lto)
$(B)/obj/libax/examples/%.o: extra_flags :=
$(B)/obj/libax/examples/%.o: includes := -Ilibax/include

compile = $(CC) $(includes) $(cc_flags) $(extra_flags) -MMD -MP -c -o $@ $<
$(B)/obj/%.o: %.c $(B)/.flags
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(compile)
$(B)/obj/%.o: %.S $(B)/.flags
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(compile)

-include $(shell test -d $(B)/obj && find $(B)/obj -name '*.d')

# --- link -----------------------------------------------------------------------------------

$(B)/libax.so: $(lib_obj) libax/libax.map $(B)/.links
	$(call say,LD,$@)
	$(Q)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,--version-script,libax/libax.map \
		-Wl,-Bsymbolic-functions $(ld_flags) $(ld_defs) $(lto_link) -o $@ $(lib_obj) $(libs)
	@ln -sf libax.so $(B)/$(SONAME)

$(B)/liboverlay.a: $(ov_obj) $(B)/.links
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcs $@ $(ov_obj)

$(B)/libgateway.a: $(gateway_obj) $(B)/.links
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcs $@ $(gateway_obj)

$(B)/libaxsup.a: $(sup_obj) $(B)/.links
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcs $@ $(sup_obj)

$(B)/libtest.a: $(testlib_obj) $(B)/.links
	$(call say,AR,$@)
	@rm -f $@
	$(Q)ar rcs $@ $(testlib_obj)

$(B)/axsup: $(main_obj) $(B)/libaxsup.a $(B)/liboverlay.a $(B)/libax.so
	$(call say,LD,$@)
	$(Q)$(CC) $(ld_flags) $(axsup_rpath) -o $@ $(main_obj) $(B)/libaxsup.a $(B)/liboverlay.a \
		-L$(B) -lax $(libs) $(ov_libs)

# $(1) folder with the sources, $(2) name, $(3) the shared object, $(4) a library for it
define plugin
$(3): $$(call parts,$(1),$(2)) $(B)/libax.so $(B)/.links $(4)
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) -shared $$(ld_flags) $$(ld_defs) -o $$@ $$(filter %.o,$$^) $(4) -L$(B) -lax -lm
endef
$(foreach p,$(examples),$(eval $(call plugin,libax/examples,$(p),$(B)/plugins/$(p).so)))
$(foreach p,$(test_plugins),$(eval $(call plugin,tests/plugins,$(p),\
	$(B)/tests/plugins/$(p).so,$(B)/libtest.a)))

$(B)/plugins/gateway.so: $(gateway_obj) $(B)/liboverlay.a $(B)/libax.so $(B)/.links
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -shared $(ld_flags) $(ld_defs) -Wl,--exclude-libs,ALL -o $@ $(gateway_obj) \
		$(B)/liboverlay.a -L$(B) -lax $(libs) $(ov_libs)

# What crash tests look at is hidden in libax.so, so they have its objects for themselves, and
# optimized as they are there.
test_ax = $(if $(filter crash/%,$(1)),$(lto_link) $(lib_obj),-L$(B) -lax)
# $(1) SUITE/NAME
define test_program
$(B)/tests/$(1): $$(call parts,tests/$$(patsubst %/,%,$$(dir $(1))),$$(notdir $(1))) \
		$(B)/libtest.a $(B)/libaxsup.a $(B)/libgateway.a $(B)/liboverlay.a $(B)/libax.so $(B)/.links
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(CC) $$(ld_flags) -Wl,-rpath,'$$$$ORIGIN/../..' -o $$@ $$(filter %.o,$$^) \
		$(B)/libtest.a $(B)/libaxsup.a $(B)/libgateway.a $(B)/liboverlay.a $(call test_ax,$(1)) -lcmocka $$(libs) $$(ov_libs)
endef
$(foreach t,$(test_programs),$(eval $(call test_program,$(t))))
# Parts of the key-value server that need no actors, for their unit test and their fuzzer.
kv_obj := $(call objects,$(patsubst %,libax/examples/kv/%.c,\
	command glob number owed parcel reply resp))
$(B)/tests/unit/test_kv $(B)/fuzz_resp: $(kv_obj)
$(B)/tests/unit/test_ledger: $(call objects,libax/examples/ledger/book.c)
$(B)/tests/e2e/helper_kv_load: libs += -lhiredis
# What it shares with another test, and with the plugin that it drives.
$(B)/tests/e2e/partition: $(call objects,tests/e2e/stores/folder.c tests/plugins/cell/log.c)

# $(1) NAME; linked without libax.so, so that every object is instrumented and one file runs
define fuzz_program
$(B)/$(1): $$(call parts,tests/fuzz,$(1)) $$(lib_obj) $$(ov_obj) $$(sup_obj) $(B)/libtest.a $(B)/.links
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(ld_flags) -fsanitize=fuzzer -o $$@ $$(filter %.o %.a,$$^) $$(libs) $$(ov_libs)
endef
ifeq ($(CONFIG),fuzz)
$(foreach f,$(fuzzers),$(eval $(call fuzz_program,$(f))))
.PHONY: fuzz-programs
fuzz-programs: $(addprefix $(B)/,$(fuzzers))
endif

$(B)/tests/bench/overlay: $(call objects,tests/bench/overlay.c) $(B)/liboverlay.a $(B)/libax.so
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ld_flags) -Wl,-rpath,'$$ORIGIN/../..' -o $@ $(filter %.o,$^) $(B)/liboverlay.a -L$(B) \
		-lax $(libs) $(ov_libs)

$(B)/tests/bench/aead: $(call objects,tests/bench/aead.c)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ld_flags) -o $@ $(filter %.o,$^) -lsodium

# --- run ------------------------------------------------------------------------------------

.PHONY: demo demo-kv demo-cluster bench bench-kv bench-overlay bench-cluster
demo: ## kill the workers of a bank at random and show that its accounts add up
demo: all
	$(Q)AX_BUILD=$(CURDIR)/$(B) tests/demo/run
demo-kv: ## kill the shards of a key-value server under redis-benchmark
demo-kv: all
	$(Q)AX_BUILD=$(CURDIR)/$(B) tests/demo/kv
demo-cluster: ## kill the nodes of a cluster and show that its accounts add up (STORE=redis or etcd)
demo-cluster: all
	$(Q)AX_BUILD=$(CURDIR)/$(B) STORE=$(or $(STORE),memory) tests/demo/cluster
bench-kv: ## the key-value server beside redis-server, by redis-benchmark
bench-kv: all
	$(Q)AX_BUILD=$(CURDIR)/$(B) tests/bench/kv $(ARGS)
bench-overlay: ## the core of a cluster: a tell, a sealed frame beside libsodium, an idle mesh of 7
bench-overlay: $(B)/tests/bench/overlay
	$(Q)$(B)/tests/bench/overlay
bench-cluster: ## two nodes on loopback, beside Erlang/OTP (which is to be installed) and libsodium
bench-cluster: all $(B)/tests/plugins/distance.so $(B)/tests/bench/aead
	$(Q)AX_BUILD=$(CURDIR)/$(B) tests/bench/cluster $(ARGS)
bench: ## measure, beside what the machine can do at best (ARGS="--json" and others)
bench: all
	$(Q)$(B)/axsup bench $(ARGS)

.PHONY: test asan clang fuzz maps hostile step random soak many partition gateway-step sim sim-mutants coverage model mutants
test: ## every test; SUITES="unit e2e" or TEST=pattern for some of them
test: test-programs
	$(Q)AX_BUILD=$(CURDIR)/$(B) tests/run
asan: ## the tests that run programs, under AddressSanitizer and UBSan
	$(Q)SUITES='asan' tests/run
clang: ## build everything with clang and run the unit tests
	$(Q)SUITES='clang' tests/run
fuzz: ## all fuzzers: frames and handshakes FUZZ_SECONDS=60 each, the others together
	$(Q)SUITES='fuzz' tests/run
maps: ## 10^8 changes of kept maps of a fixed set
maps: test-programs
	$(Q)AX_MAPS_CHANGES=100000000 $(B)/tests/crash/test_maps
hostile: ## a worker that goes mad in 10^6 ways
hostile: test-programs
	$(Q)AX_HOSTILE_VARIANTS=1000000 $(B)/tests/crash/test_hostile
step: ## workers killed after each instruction of a turn, and of a recovery
step: test-programs
	$(Q)AX_BUILD=$(CURDIR)/$(B) AX_STEP_RECOVERY=1 $(B)/tests/crash/test_step
# AX_SEED and AX_SECONDS of the test.
random: ## actors that live and die at random against a model (SEED=n MINUTES=10)
random: test-programs
	$(Q)AX_BUILD=$(CURDIR)/$(B) AX_SEED=$(or $(SEED),$$(date +%s)) \
		AX_SECONDS=$$(($(or $(MINUTES),10) * 60)) $(B)/tests/crash/test_lives
soak: ## 10^7 actors that come and go, 10^6 uses by key, 1000 deaths; nothing grows
soak: test-programs
	$(Q)AX_BUILD=$(CURDIR)/$(B) AX_SPAWNS=10000000 AX_CYCLES=1000000 AX_KILLS=1000 \
		$(B)/tests/crash/test_soak
many: ## 10^6 keys of a registry and entries of a kept map, and their processes killed
many: all test-programs
	$(Q)AX_BUILD=$(CURDIR)/$(B) AX_KEYS=1000000 tests/e2e/many.sh
# AX_SEED, AX_SECONDS and AX_STORE of the test.
partition: ## real nodes cut off, stopped and killed while clients' histories are checked (SEED=n MINUTES=10 STORE=redis or etcd)
partition: test-programs
	$(Q)AX_BUILD=$(CURDIR)/$(B) AX_SEED=$(SEED) AX_STORE=$(STORE) \
		AX_SECONDS=$$(($(or $(MINUTES),10) * 60)) $(B)/tests/e2e/partition
gateway-step: ## gateways killed at each point of the way of asks, tells and monitors (POINTS=n: at so many of each)
gateway-step: test-programs
	$(Q)AX_BUILD=$(CURDIR)/$(B) tests/e2e/gateway_step.sh $(or $(POINTS),all)
sim: ## a cluster in virtual time (SEEDS=10000 FIRST=1), or one seed (SEED=n, TRACE=1: its story, SHRINK=1: the least of it that fails)
sim: $(B)/tests/sim/seeds
	$(Q)$(B)/tests/sim/seeds $(if $(SEED),$(if $(TRACE),-t )$(if $(SHRINK),-s )$(SEED),$(or $(FIRST),1) $(or $(SEEDS),10000))
sim-mutants: ## by which seed each known mistake in overlay/core is found (AX_SEEDS=2000)
sim-mutants: test-programs
	$(Q)tests/mutants/run --seeds
coverage: ## which branches of overlay/core the tests take (ARGS="--show" for the others)
	$(Q)tests/coverage $(ARGS) 95
model: ## check the models of lane, bell, commit, hand-over and lease exhaustively with spin
	$(Q)tests/model/run
mutants: ## plant each known mistake and see the tests find it
	$(Q)tests/mutants/run

# --- check the source -----------------------------------------------------------------------

# tests/compile holds sources that are wrong on purpose.
c_files = $(shell find shm libax overlay axsup tests -path tests/compile -prune -o \
	-name '*.[ch]' -print)
scripts = $(shell grep -rlIE '^\#!.*\b(ba|da)?sh\b' tests .ci conf libax axsup)
man_pages = $(wildcard man/*.[1-9])

.PHONY: layers lint lint-format lint-tidy lint-cppcheck lint-shell lint-man format
layers: ## no include points from a lower layer to a higher one
	$(Q)tests/layers
lint: ## clang-format, clang-tidy, cppcheck, shellcheck, mandoc
lint: lint-format lint-tidy lint-cppcheck lint-shell lint-man layers
lint-format:
	$(Q)clang-format --dry-run -Werror $(c_files)
# What a contract generates stands in one line, so cppcheck takes one function for another there.
lint-cppcheck:
	@mkdir -p $(B)/cppcheck
	$(Q)cppcheck --quiet -j$(shell nproc) --cppcheck-build-dir=$(B)/cppcheck --error-exitcode=1 \
		--std=c11 --enable=warning,performance,portability --inline-suppr --max-configs=4 \
		--suppress=missingInclude --suppress=ctunullpointer:libax/include/ax/contract.h \
		$(includes) -D_GNU_SOURCE -D__x86_64__ \
		$(filter-out tests/%,$(filter %.c,$(c_files)))
lint-shell:
	$(Q)shellcheck -x $(scripts)
lint-man:
	$(Q)tests/man lint

# One stamp a source: clang-tidy is slow, and has nothing new to say where the object is not new.
# The analyzer goes through all paths until it has seen so many states of a function (its own default);
# the tests let it see less of the longest.
tidy_states := 225000
tidy_src := $(filter %.c,$(lib_src) $(ov_src) $(gateway_src) $(sup_src) $(wildcard axsup/main.c libax/examples/*.c \
	libax/examples/*/*.c tests/lib/*.c) $(foreach d,plugins fuzz $(test_suites),\
	$(wildcard tests/$(d)/*.c tests/$(d)/*/*.c)))
tidy_ok := $(tidy_src:%.c=$(B)/tidy/%.ok)
lint-tidy: $(tidy_ok)
$(tidy_ok): $(B)/tidy/%.ok: %.c $(B)/obj/%.o .clang-tidy tests/.clang-tidy
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $< -- -std=gnu17 -D_GNU_SOURCE -I. \
		-Ilibax/include $(axsup_defs) $(store_defs) \
		-Xclang -analyzer-config -Xclang max-nodes=$(tidy_states) 2>$(@:.ok=.log) || { cat $(@:.ok=.log) >&2; exit 1; }
	@touch $@

format: ## clang-format all sources in place
	$(Q)clang-format -i $(c_files)

# --- install --------------------------------------------------------------------------------

to = $(DESTDIR)$(1)
.PHONY: install uninstall
install: ## to PREFIX=/usr/local, below DESTDIR if given
install: all
	$(Q)install -d $(call to,$(BINDIR)) $(call to,$(LIBDIR))/pkgconfig $(call to,$(CONFDIR)) \
		$(call to,$(INCLUDEDIR))/ax $(call to,$(PLUGINDIR))
	$(Q)install -m755 $(B)/axsup $(call to,$(BINDIR))/axsup
	$(Q)install -m755 $(B)/libax.so $(call to,$(LIBDIR))/libax.so.$(VERSION)
	$(Q)ln -sf libax.so.$(VERSION) $(call to,$(LIBDIR))/$(SONAME)
	$(Q)ln -sf $(SONAME) $(call to,$(LIBDIR))/libax.so
	$(Q)install -m644 $(wildcard libax/include/ax/*.h) $(call to,$(INCLUDEDIR))/ax
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@PLUGINDIR@|$(PLUGINDIR)|' libax/ax.pc.in \
		>$(call to,$(LIBDIR))/pkgconfig/ax.pc
	$(Q)for plugin in $(plugins); do \
		install -m755 $(B)/plugins/$$plugin.so $(call to,$(PLUGINDIR)) || exit; done
	$(Q)for conf in $(wildcard conf/*.json); do \
		install -m644 $$conf $(call to,$(CONFDIR)) || exit; done
	$(Q)for page in $(man_pages); do \
		install -Dm644 $$page $(call to,$(MANDIR))/man$${page##*.}/$${page##*/} || exit; done

uninstall: ## what install has put there, with the same PREFIX and DESTDIR
	$(Q)rm -f $(call to,$(BINDIR))/axsup $(call to,$(LIBDIR))/libax.so.$(VERSION) \
		$(call to,$(LIBDIR))/$(SONAME) $(call to,$(LIBDIR))/libax.so \
		$(call to,$(LIBDIR))/pkgconfig/ax.pc
	$(Q)rm -f $(foreach p,$(plugins),$(call to,$(PLUGINDIR))/$(p).so) \
		$(foreach p,$(man_pages),$(call to,$(MANDIR))/man$(subst .,,$(suffix $(p)))/$(notdir $(p))) \
		$(foreach c,$(notdir $(wildcard conf/*.json)),$(call to,$(CONFDIR))/$(c))
	$(Q)rm -f $(addprefix $(call to,$(INCLUDEDIR))/ax/,$(notdir $(wildcard libax/include/ax/*.h)))
	$(Q)rmdir --ignore-fail-on-non-empty -p $(call to,$(INCLUDEDIR))/ax $(call to,$(PLUGINDIR)) \
		$(call to,$(CONFDIR)) 2>/dev/null || true

# --- the rest -------------------------------------------------------------------------------

.PHONY: deps clean help
deps: ## install the Debian packages that are missing, as root or through sudo
	$(Q).ci/deps $(DEPS)
clean: ## remove build/
	$(Q)rm -rf build
help: ## this list
	@sed -n 's/^\([a-z-]*\): ## /\1|/p' $(MAKEFILE_LIST) | sort -u | \
		while IFS='|' read -r name text; do printf '%-14s %s\n' "$$name" "$$text"; done
	@echo
	@echo 'Variables: CONFIG=asan|clang|fuzz  CC=  CFLAGS=  WERROR=  V=1  PREFIX=  DESTDIR='
	@echo '           WITH_REDIS=0  WITH_ETCD=0'

endif
