# Every command a person types; `make help` lists them. Everything generated goes to build/.
# All paths here are relative, so that the tree works in a folder whose name has spaces.

LAB     ?= 01
CC      ?= cc
SANDBOX ?= auto

.DEFAULT_GOAL := all
MAKEFLAGS     += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:

# "01", "1" or "01-reads": the folder's name
lab      := $(notdir $(firstword $(wildcard labs/$(LAB)) $(wildcard labs/$(LAB)-*) $(wildcard labs/0$(LAB)-*)))
labs     := $(notdir $(patsubst %/lab.yaml,%,$(wildcard labs/*/lab.yaml)))

need_lab  = $(if $(lab),,$(error LAB=$(LAB): no such lab; they are: $(labs)))

# ---- Flags ----

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
CFLAGS   ?= -O2 -g
flags    := -std=gnu17 -D_GNU_SOURCE -I. -pthread $(WARNINGS) $(CFLAGS) $(SANITIZE)
B        := build

packages := jansson libcyaml yaml-0.1 libseccomp libmd
# asked once a run, and only when something is compiled
lib_flags  = $(eval lib_flags := $$(shell pkg-config --cflags $(packages)))$(lib_flags)
lib_libs   = $(eval lib_libs := $$(shell pkg-config --libs $(packages)))$(lib_libs)
test_libs  = $(eval test_libs := $$(shell pkg-config --libs criterion jansson))$(test_libs)

# ---- Sources and objects ----

objects_of = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))

common_objects  := $(call objects_of,common/*.c)
engine_objects  := $(call objects_of,grader/engine/*.c) $(filter-out %/launch.o,$(call objects_of,grader/sandbox/*.c))
grade_objects   := $(filter-out %/main.o,$(call objects_of,grader/*.c grader/report/*.c))
testkit_objects := $(call objects_of,grader/testkit/*.c)
own_tests       := $(patsubst common/tests/%.c,$(B)/tests/%,$(wildcard common/tests/*.c)) \
                   $(patsubst grader/tests/%.c,$(B)/tests/%,$(wildcard grader/tests/*.c))
lab_tests       := $(labs:%=$(B)/bin/%/tests)
solutions       := $(labs:%=$(B)/bin/%/solution) $(labs:%=$(B)/bin/%/starter)

.PHONY: all
all: $(B)/grade $(B)/launch $(lab_tests) $(own_tests) $(solutions)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(flags) $(lib_flags) -MMD -MP -c $< -o $@

$(B)/grade: $(B)/grader/main.o $(grade_objects) $(engine_objects) $(common_objects)
	$(CC) $(flags) $^ $(lib_libs) -o $@

# small and static: it is the parent of what is measured
$(B)/launch: $(B)/grader/sandbox/launch.o
	$(CC) $(flags) $(if $(SANITIZE),,-static) $^ -o $@

$(B)/tests/%: $(B)/common/tests/%.o $(common_objects)
	@mkdir -p $(@D)
	$(CC) $(flags) $^ $(test_libs) -lm -o $@

$(B)/tests/%: $(B)/grader/tests/%.o $(grade_objects) $(testkit_objects) $(engine_objects) $(common_objects)
	@mkdir -p $(@D)
	$(CC) $(flags) $^ $(lib_libs) $(test_libs) -o $@

# $(1): a lab's folder
define lab_rules
$(B)/bin/$(1)/tests: $(call objects_of,labs/$(1)/tests/*.c) $$(testkit_objects) $$(engine_objects) $$(common_objects)
	@mkdir -p $$(@D)
	$$(CC) $$(flags) $$^ $$(lib_libs) $$(test_libs) -o $$@

$(B)/bin/$(1)/solution: $(call objects_of,labs/$(1)/solution/*.c) $$(common_objects)
	@mkdir -p $$(@D)
	$$(CC) $$(flags) $$^ -o $$@

$(B)/bin/$(1)/starter: $(call objects_of,labs/$(1)/starter/*.c) $$(common_objects)
	@mkdir -p $$(@D)
	$$(CC) $$(flags) $$^ -o $$@
endef
$(foreach each,$(labs),$(eval $(call lab_rules,$(each))))

# keep the objects of chains; read the header dependencies that compiling wrote
.SECONDARY:
-include $(shell [ -d $(B) ] && find $(B) -name '*.d' 2>/dev/null)
