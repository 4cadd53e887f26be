# Every command a person types; `make help` lists them. Everything generated goes to build/.
# All paths here are relative, so that the tree works in a folder whose name has spaces.

LAB     ?= 01
CC      ?= cc

lab_programs  :=
.DEFAULT_GOAL := all
MAKEFLAGS     += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:

# "01", "1" or "01-reads": the folder's name
lab      := $(notdir $(firstword $(wildcard labs/$(LAB)) $(wildcard labs/$(LAB)-*) $(wildcard labs/0$(LAB)-*)))
fixtures := $(notdir $(patsubst %/lab.yaml,%,$(wildcard grader/tests/fixture/labs/*/lab.yaml)))
labs     := $(notdir $(patsubst %/lab.yaml,%,$(wildcard labs/*/lab.yaml)))

program_of = $(basename $(notdir $(firstword $(wildcard labs/$(lab)/solution/*.c))))
need_lab   = $(if $(lab),,$(error LAB=$(LAB): no such lab; they are: $(labs)))

# ---- Flags ----

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
CFLAGS   ?= -O2 -g
flags    := -std=gnu17 -D_GNU_SOURCE -I. -pthread $(WARNINGS) $(CFLAGS) $(SANITIZE)
B        := build
# V=1 shows whole commands
say       = $(if $(V),,@printf '  %-5s %s\n' $(1) "$@";)

packages := jansson libcyaml yaml-0.1 libseccomp libmd
# asked once a run, and only when something is compiled
lib_flags  = $(eval lib_flags := $$(shell pkg-config --cflags $(packages) libcurl))$(lib_flags)
lib_libs   = $(eval lib_libs := $$(shell pkg-config --libs $(packages)) -lm)$(lib_libs)
# what the manifest of lab $(1) says under `libraries`; only asked when it is linked
lab_libs   = $(shell names=$$(sed -n 's/^libraries: *\[\(.*\)\].*/\1/p' "labs/$(1)/lab.yaml" | tr , ' '); \
               [ -z "$$names" ] || pkg-config --cflags --libs $$names) -lm
test_libs  = $(eval test_libs := $$(shell pkg-config --libs criterion jansson libcurl))$(test_libs)

# ---- Sources and objects ----

objects_of = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))

common_objects  := $(call objects_of,common/*.c)
engine_objects  := $(call objects_of,grader/engine/*.c) $(filter-out %/launch.o,$(call objects_of,grader/sandbox/*.c))
grade_objects   := $(filter-out %/main.o,$(call objects_of,grader/*.c grader/report/*.c))
testkit_objects := $(call objects_of,grader/testkit/*.c)
own_tests       := $(fixtures:%=$(B)/bin/%/tests) \
                   $(patsubst common/tests/%.c,$(B)/tests/%,$(wildcard common/tests/*.c)) \
                   $(patsubst grader/tests/%.c,$(B)/tests/%,$(wildcard grader/tests/*.c))
lab_tests       := $(labs:%=$(B)/bin/%/tests)

.PHONY: help
help: # this list
	@echo "What you can type (LAB=$(LAB)):"
	@sed -n 's/^\([a-z-]*\):.* # \(.*\)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r name does; do \
	    printf '  make %-12s %s\n' "$$name" "$$does"; done

# ---- What learners and instructors type ----

.PHONY: grade check try start doctor
grade: deps judge # what the naive program and the reference cost, and a report
	$(need_lab)@$(B)/grade compare "$(lab)" --html "$(B)/report-$(lab).html"

check: deps judge # grade your own work/LAB
	$(need_lab)@$(B)/grade run "$(lab)" --html "$(B)/check-$(lab).html"; [ $$? -ne 2 ]

try: deps judge # build your own program in work/LAB, to run it by hand
	$(need_lab)@cc -std=gnu17 -O2 -g -Wall -Wextra -pthread -I. work/$(lab)/*.c $(common_objects) $(call lab_libs,$(lab)) \
	    -o work/$(program_of) && echo "built work/$(program_of)"

start: deps judge programs # copy the lab's starter to work/LAB
	$(need_lab)@$(B)/grade start "$(lab)"

doctor: deps judge # what this machine can and can't measure
	@$(B)/grade doctor

.PHONY: experiment bench
experiment: deps programs # the measurement behind the lab's claims, and a plot
	$(need_lab)@"labs/$(lab)/experiment/run" "$(B)/bin/$(lab)" "$(B)/experiment/$(lab)"

bench: deps programs # the reference beside what people use
	$(need_lab)@"labs/$(lab)/bench/run" "$(B)/bin/$(lab)"

# ---- What authors type ----

.PHONY: test test-deep lint format reference transcript clean deps deps-author
test: deps all # the project's own tests, within 10 minutes
	@tools/run-tests quick

test-deep: deps all # the slow ones: sanitizers, ten times over, a busy machine
	@tools/run-tests deep

reference: deps judge # write each lab's reference.json
	@for each in $(labs); do $(B)/grade reference "$$each" || exit; done

transcript: deps judge programs # renew the sample output in README.md
	@tools/transcript --write

lint: deps # every warning of gcc, clang, clang-tidy, cppcheck, clang-format, shellcheck
	@tools/lint

format: # clang-format on all sources
	@git ls-files '*.c' '*.h' | grep -v -e /wrong/ | xargs -d '\n' clang-format -i

deps: # install what is missing, with apt
	@tools/deps

deps-author: # and a browser, for the test that opens the HTML report in one
	@tools/deps author

clean: # remove everything generated
	rm -rf "$(B)" build-sanitized

# ---- Building ----

# what grading needs
.PHONY: judge
judge: $(B)/grade $(B)/launch $(lab_tests)

# what a person types installs first what is missing, also under -j
typed := grade check try start doctor experiment bench test test-deep reference transcript
$(B)/%.o: %.c | $(if $(filter $(typed),$(MAKECMDGOALS)),deps)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(flags) $(lib_flags) -MMD -MP -c $< -o $@

$(B)/grade: $(B)/grader/main.o $(grade_objects) $(engine_objects) $(common_objects)
	$(call say,LINK)$(CC) $(flags) $^ $(lib_libs) -o $@

# small and static: it is the parent of what is measured
$(B)/launch: $(B)/grader/sandbox/launch.o
	$(call say,LINK)$(CC) $(flags) $(if $(SANITIZE),,-static) $^ -o $@

$(B)/tests/%: $(B)/common/tests/%.o $(common_objects)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(flags) $^ $(test_libs) -lm -o $@

$(B)/tests/%: $(B)/grader/tests/%.o $(grade_objects) $(filter-out %/hooks.o,$(testkit_objects)) $(engine_objects) $(common_objects)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(flags) $^ $(lib_libs) $(test_libs) -o $@

# Programs that a lab ships to be looked at: $(1) is the lab, $(2) its folder. Plain, for a sanitizer
# would blur what they show, and each of one file.
define subject_rule
$(B)/bin/$(1)/subjects/%: $(2)/subjects/%.c $(wildcard $(2)/subjects/*.h) | $(if $(filter $(typed),$(MAKECMDGOALS)),deps)
	@mkdir -p $$(@D)
	$$(call say,CC)$$(CC) $$(filter-out $$(SANITIZE),$$(flags)) $$(lib_flags) $$< -Wl,--as-needed $$(lib_libs) -o $$@
endef
subjects_of = $(patsubst $(2)/%.c,$(B)/bin/$(1)/%,$(wildcard $(2)/subjects/*.c))

# the grader's own tests grade labs made for that
define fixture_rule
$(B)/bin/$(1)/tests: $(call objects_of,grader/tests/fixture/labs/$(1)/tests/*.c) $$(testkit_objects) $$(engine_objects) $$(common_objects)
	@mkdir -p $$(@D)
	$$(call say,LINK)$$(CC) $$(flags) $$^ $$(lib_libs) $$(test_libs) -o $$@

$(call subject_rule,$(1),grader/tests/fixture/labs/$(1))
own_tests += $(call subjects_of,$(1),grader/tests/fixture/labs/$(1))
endef
$(foreach each,$(fixtures),$(eval $(call fixture_rule,$(each))))

# $(1): a lab's folder. Its tests; its solution under the program's own name; its starter; and each
# source of its bench and its experiment, which are programs of one file.
define lab_rules
$(B)/bin/$(1)/tests: $(call objects_of,labs/$(1)/tests/*.c) $$(testkit_objects) $$(engine_objects) $$(common_objects)
	@mkdir -p $$(@D)
	$$(call say,LINK)$$(CC) $$(flags) $$^ $$(lib_libs) $$(test_libs) -o $$@

$(B)/bin/$(1)/$(basename $(notdir $(firstword $(wildcard labs/$(1)/solution/*.c)))): $(call objects_of,labs/$(1)/solution/*.c) $$(common_objects)
$(B)/bin/$(1)/starter: $(call objects_of,labs/$(1)/starter/*.c) $$(common_objects)
$(foreach tool,$(wildcard labs/$(1)/bench/*.c labs/$(1)/experiment/*.c),
$(B)/bin/$(1)/$(basename $(notdir $(tool))): $(B)/$(tool:.c=.o) $$(common_objects))

$(call subject_rule,$(1),labs/$(1))
subjects += $(call subjects_of,$(1),labs/$(1))

lab_programs += $(addprefix $(B)/bin/$(1)/,starter \
    $(basename $(notdir $(firstword $(wildcard labs/$(1)/solution/*.c)) $(wildcard labs/$(1)/bench/*.c labs/$(1)/experiment/*.c))))
endef
$(foreach each,$(labs),$(eval $(call lab_rules,$(each))))

$(lab_programs):
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(flags) $^ $(call lab_libs,$(notdir $(@D))) -o $@

.PHONY: all programs
programs: $(lab_programs) $(subjects)
judge: $(subjects) # a lab's tests start them
all: judge $(own_tests) $(lab_programs) # build everything that needs no learner

# keep the objects of chains; read the header dependencies that compiling wrote
.SECONDARY:
-include $(shell [ -d $(B) ] && find $(B) -name '*.d' 2>/dev/null)
