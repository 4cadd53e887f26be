/* Reading lab.yaml with libcyaml, then what a schema can't say. */
#include "grader/manifest.h"

#include <ctype.h>
#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "common/errors.h"

/* ---- The schema ---- */

#define TEXT(key, type, member)                                                                    \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, member, 1, CYAML_UNLIMITED)
#define NUMBER(key, type, member) CYAML_FIELD_UINT(key, CYAML_FLAG_DEFAULT, type, member)
#define LIST(key, type, member, entry, least)                                                      \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER, type, member, entry, least, CYAML_UNLIMITED)
#define OPTIONAL_LIST(key, type, member, entry)                                                    \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, entry, 0,    \
                         CYAML_UNLIMITED)

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, CYAML_UNLIMITED)};

static const cyaml_schema_field_t test_fields[] = {
    TEXT("name", struct manifest_test, name), NUMBER("points", struct manifest_test, points),
    TEXT("asks", struct manifest_test, asks), TEXT("hint", struct manifest_test, hint),
    CYAML_FIELD_END};
static const cyaml_schema_value_t test_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct manifest_test, test_fields)};

static const cyaml_schema_field_t step_fields[] = {
    TEXT("id", struct manifest_step, id), TEXT("title", struct manifest_step, title),
    LIST("tests", struct manifest_step, tests, &test_entry, 1), CYAML_FIELD_END};
static const cyaml_schema_value_t step_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct manifest_step, step_fields)};

static const cyaml_schema_field_t prediction_fields[] = {
    TEXT("id", struct manifest_prediction, id),
    TEXT("question", struct manifest_prediction, question),
    TEXT("unit", struct manifest_prediction, unit),
    TEXT("of", struct manifest_prediction, of),
    TEXT("measure", struct manifest_prediction, measure),
    CYAML_FIELD_END};
static const cyaml_schema_value_t prediction_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct manifest_prediction, prediction_fields)};

static const cyaml_schema_field_t starter_fields[] = {
    NUMBER("score", struct manifest_starter, score),
    LIST("fails", struct manifest_starter, fails, &text_entry, 1), CYAML_FIELD_END};

static const cyaml_schema_field_t limits_fields[] = {
    NUMBER("build_seconds", struct manifest_limits, build_seconds),
    NUMBER("tests_seconds", struct manifest_limits, tests_seconds),
    NUMBER("memory_mib", struct manifest_limits, memory_mib),
    NUMBER("processes", struct manifest_limits, processes),
    NUMBER("tmp_mib", struct manifest_limits, tmp_mib),
    CYAML_FIELD_END};

static const cyaml_schema_field_t manifest_fields[] = {
    TEXT("lab", struct manifest, lab),
    TEXT("title", struct manifest, title),
    TEXT("question", struct manifest, question),
    TEXT("program", struct manifest, program),
    LIST("files", struct manifest, files, &text_entry, 1),
    LIST("common", struct manifest, common, &text_entry, 0),
    OPTIONAL_LIST("libraries", struct manifest, libraries, &text_entry),
    TEXT("network", struct manifest, network),
    CYAML_FIELD_MAPPING("starter", CYAML_FLAG_DEFAULT, struct manifest, starter, starter_fields),
    CYAML_FIELD_MAPPING("limits", CYAML_FLAG_DEFAULT, struct manifest, limits, limits_fields),
    LIST("steps", struct manifest, steps, &step_entry, 1),
    LIST("predictions", struct manifest, predictions, &prediction_entry, 0),
    CYAML_FIELD_END};
static const cyaml_schema_value_t manifest_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct manifest, manifest_fields)};

/* ---- Where in the file ---- */

/* Whether a node is the scalar, or NULL stands for any. */
static bool is_scalar(const yaml_node_t *node, const char *value) {
    return node != NULL && node->type == YAML_SCALAR_NODE &&
           (value == NULL || strcmp((const char *)node->data.scalar.value, value) == 0);
}

/* The value under `key` of a mapping when it is `value`, or the entry of a list under it that is.
 */
static const yaml_node_t *value_under(yaml_document_t *document, const yaml_node_t *mapping,
                                      const char *key, const char *value) {
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *under = yaml_document_get_node(document, pair->value);
        if (!is_scalar(yaml_document_get_node(document, pair->key), key) || under == NULL)
            continue;
        if (value == NULL || is_scalar(under, value))
            return under;
        for (yaml_node_item_t *item = under->data.sequence.items.start;
             under->type == YAML_SEQUENCE_NODE && item < under->data.sequence.items.top; item++)
            if (is_scalar(yaml_document_get_node(document, *item), value))
                return yaml_document_get_node(document, *item);
    }
    return NULL;
}

static bool load_document(const char *path, yaml_document_t *document) {
    yaml_parser_t parser;
    FILE *file = fopen(path, "re");
    if (file == NULL || !yaml_parser_initialize(&parser)) {
        if (file != NULL)
            fclose(file);
        return false;
    }
    yaml_parser_set_input_file(&parser, file);
    bool loaded = yaml_parser_load(&parser, document);
    yaml_parser_delete(&parser);
    fclose(file);
    return loaded;
}

/* Finds the last such value, for of two that clash the second is the one to change. */
static yaml_mark_t find_mark(yaml_document_t *document, const char *key, const char *value) {
    yaml_mark_t mark = {0};
    for (int i = 1; yaml_document_get_node(document, i) != NULL; i++) {
        const yaml_node_t *node = yaml_document_get_node(document, i);
        const yaml_node_t *found =
            node->type == YAML_MAPPING_NODE ? value_under(document, node, key, value) : NULL;
        if (found != NULL && found->start_mark.index >= mark.index)
            mark = found->start_mark;
    }
    return mark;
}

static void complain_at(const char *path, size_t line, size_t column, const char *why) {
    char where[4200];
    snprintf(where, sizeof where, "%s:%zu:%zu", path, line, column);
    error_because(where, "%s", why);
}

bool manifest_complain(const char *path, const char *key, const char *value, const char *why) {
    yaml_mark_t mark = {0};
    yaml_document_t document;
    if (load_document(path, &document)) {
        mark = find_mark(&document, key, value);
        yaml_document_delete(&document);
    }
    complain_at(path, mark.line + 1, mark.column + 1, why);
    return false;
}

/* The entry at `index` of the list under `key`; NULL when there is none. */
static const yaml_node_t *entry_under(yaml_document_t *document, const yaml_node_t *mapping,
                                      const char *key, unsigned index) {
    const yaml_node_t *list = mapping == NULL || mapping->type != YAML_MAPPING_NODE
                                  ? NULL
                                  : value_under(document, mapping, key, NULL);
    if (list == NULL || list->type != YAML_SEQUENCE_NODE ||
        index >= list->data.sequence.items.top - list->data.sequence.items.start)
        return NULL;
    return yaml_document_get_node(document, list->data.sequence.items.start[index]);
}

bool manifest_complain_of_test(const char *path, unsigned step, unsigned test, const char *why) {
    yaml_mark_t mark = {0};
    yaml_document_t document;
    if (load_document(path, &document)) {
        const yaml_node_t *root = yaml_document_get_root_node(&document);
        const yaml_node_t *entry =
            entry_under(&document, entry_under(&document, root, "steps", step), "tests", test);
        const yaml_node_t *name = entry == NULL || entry->type != YAML_MAPPING_NODE
                                      ? NULL
                                      : value_under(&document, entry, "name", NULL);
        if (name != NULL)
            mark = name->start_mark;
        yaml_document_delete(&document);
    }
    complain_at(path, mark.line + 1, mark.column + 1, why);
    return false;
}

/* libcyaml tells of an error in several lines: first what, then the way to it from the inside out,
 * each with "(line: L, column: C)". We keep the first of each. */
struct story {
    char what[256];
    unsigned line;
    unsigned column;
};

static void hear(cyaml_log_t level, void *context, const char *format, va_list values) {
    struct story *story = context;
    char text[512];
    vsnprintf(text, sizeof text, format, values);
    text[strcspn(text, "\n")] = '\0';
    const char *place = strstr(text, "(line: ");
    if (place == NULL)
        place = strstr(text, "line: ");
    if (level < CYAML_LOG_ERROR)
        return;
    if (place != NULL && story->line == 0)
        sscanf(place + (*place == '('), "line: %u, column: %u", &story->line, &story->column);
    if (story->what[0] == '\0') {
        const char *after_prefix = strncmp(text, "Load: ", 6) == 0 ? text + 6 : text;
        snprintf(story->what, sizeof story->what, "%.200s", after_prefix);
    }
}

static cyaml_config_t config_for(struct story *story) {
    return (cyaml_config_t){.log_fn = hear,
                            .log_ctx = story,
                            .mem_fn = cyaml_mem,
                            .log_level = CYAML_LOG_WARNING,
                            .flags = CYAML_CFG_DEFAULT};
}

static bool is_before(yaml_mark_t mark, const struct story *story) {
    return mark.line + 1 < story->line ||
           (mark.line + 1 == story->line && mark.column + 1 <= story->column);
}

/* libcyaml tells of a key that should not be there at the value before it: finds the key itself. */
static const yaml_node_t *key_behind(yaml_document_t *document, const char *key,
                                     const struct story *story) {
    const yaml_node_t *nearest = NULL;
    for (int i = 1; yaml_document_get_node(document, i) != NULL; i++) {
        const yaml_node_t *node = yaml_document_get_node(document, i);
        if (is_scalar(node, key) && !is_before(node->start_mark, story) &&
            (nearest == NULL || node->start_mark.index < nearest->start_mark.index))
            nearest = node;
    }
    return nearest;
}

/* And of one that is missing at the end of its mapping: finds that one's beginning. */
static const yaml_node_t *mapping_without(yaml_document_t *document, const char *key,
                                          const struct story *story) {
    const yaml_node_t *innermost = NULL;
    for (int i = 1; yaml_document_get_node(document, i) != NULL; i++) {
        const yaml_node_t *node = yaml_document_get_node(document, i);
        if (node->type == YAML_MAPPING_NODE && is_before(node->start_mark, story) &&
            (!is_before(node->end_mark, story) || innermost == NULL) &&
            value_under(document, node, key, NULL) == NULL &&
            (innermost == NULL || node->start_mark.index > innermost->start_mark.index))
            innermost = node;
    }
    return innermost;
}

static void find_place(const char *path, struct story *story) {
    static const char unexpected[] = "Unexpected key: ",
                      missing[] = "Missing required mapping field: ";
    const yaml_node_t *node = NULL;
    yaml_document_t document;
    if (!load_document(path, &document))
        return;
    if (strncmp(story->what, unexpected, strlen(unexpected)) == 0)
        node = key_behind(&document, story->what + strlen(unexpected), story);
    else if (strncmp(story->what, missing, strlen(missing)) == 0)
        node = mapping_without(&document, story->what + strlen(missing), story);
    if (node != NULL) {
        story->line = (unsigned)node->start_mark.line + 1;
        story->column = (unsigned)node->start_mark.column + 1;
    }
    yaml_document_delete(&document);
}

/* ---- What the schema can't say ---- */

static bool is_identifier(const char *text) {
    if (!islower((unsigned char)*text))
        return false;
    for (; *text != '\0'; text++)
        if (!islower((unsigned char)*text) && !isdigit((unsigned char)*text) && *text != '_')
            return false;
    return true;
}

/* These become parts of paths, so they must not lead elsewhere. */
static bool is_plain_name(const char *text) {
    return strchr(text, '/') == NULL && text[0] != '.' && text[0] != '-';
}

/* These become words of pkg-config's command line and of a recipe in the Makefile. */
static bool is_library(const char *text) {
    if (!isalnum((unsigned char)*text))
        return false;
    for (; *text != '\0'; text++)
        if (!isalnum((unsigned char)*text) && strchr("+-._", *text) == NULL)
            return false;
    return true;
}

static bool is_one_of(const char *text, const char *const *words) {
    for (; *words != NULL; words++)
        if (strcmp(text, *words) == 0)
            return true;
    return false;
}

const struct manifest_test *manifest_find(const struct manifest *manifest, const char *name,
                                          const struct manifest_step **step) {
    for (unsigned i = 0; i < manifest->steps_count; i++) {
        const struct manifest_step *candidate = &manifest->steps[i];
        size_t length = strlen(candidate->id);
        if (strncmp(name, candidate->id, length) != 0 || name[length] != '/')
            continue;
        for (unsigned j = 0; j < candidate->tests_count; j++)
            if (strcmp(candidate->tests[j].name, name + length + 1) == 0) {
                if (step != NULL)
                    *step = candidate;
                return &candidate->tests[j];
            }
    }
    return NULL;
}

static bool check_step(const char *path, const struct manifest *manifest, unsigned index,
                       unsigned long long *points) {
    const struct manifest_step *step = &manifest->steps[index];
    for (unsigned i = 0; i < index; i++)
        if (strcmp(manifest->steps[i].id, step->id) == 0)
            return manifest_complain(path, "id", step->id, "two steps have this id");
    if (!is_identifier(step->id))
        return manifest_complain(path, "id", step->id, "an id is a C identifier in small letters");
    for (unsigned i = 0; i < step->tests_count; i++) {
        const char *name = step->tests[i].name;
        if (!is_identifier(name))
            return manifest_complain_of_test(path, index, i, "a name is a C identifier");
        for (unsigned j = 0; j < i; j++)
            if (strcmp(step->tests[j].name, name) == 0)
                return manifest_complain_of_test(path, index, i,
                                                 "two tests of a step have this name");
        *points += step->tests[i].points;
    }
    return true;
}

static bool check_rest(const char *path, const struct manifest *manifest) {
    static const char *const networks[] = {"none", "shared", NULL};
    static const char *const subjects[] = {"starter", "submission", "machine", NULL};
    if (!is_one_of(manifest->network, networks))
        return manifest_complain(path, "network", manifest->network, "it is none or shared");
    if (!is_plain_name(manifest->program))
        return manifest_complain(path, "program", manifest->program, "a plain file name");
    for (unsigned i = 0; i < manifest->files_count; i++)
        if (!is_plain_name(manifest->files[i]))
            return manifest_complain(path, "files", manifest->files[i], "a plain file name");
    for (unsigned i = 0; i < manifest->common_count; i++)
        if (!is_plain_name(manifest->common[i]))
            return manifest_complain(path, "common", manifest->common[i], "a module's plain name");
    for (unsigned i = 0; i < manifest->libraries_count; i++)
        if (!is_library(manifest->libraries[i]))
            return manifest_complain(path, "libraries", manifest->libraries[i],
                                     "a library's name, as pkg-config has it");
    for (unsigned i = 0; i < manifest->starter.fails_count; i++)
        if (manifest_find(manifest, manifest->starter.fails[i], NULL) == NULL)
            return manifest_complain(path, "fails", manifest->starter.fails[i],
                                     "no such test in this manifest");
    for (unsigned i = 0; i < manifest->predictions_count; i++)
        if (!is_one_of(manifest->predictions[i].of, subjects))
            return manifest_complain(path, "of", manifest->predictions[i].of,
                                     "it is starter, submission or machine");
    return true;
}

static bool check(const char *path, const struct manifest *manifest) {
    unsigned long long points = 0;
    for (unsigned i = 0; i < manifest->steps_count; i++)
        if (!check_step(path, manifest, i, &points))
            return false;
    if (points != 100) {
        char why[64];
        snprintf(why, sizeof why, "the points add up to %llu, not 100", points);
        return manifest_complain(path, "steps", NULL, why);
    }
    return check_rest(path, manifest);
}

struct manifest *manifest_load(const char *path) {
    struct manifest *manifest = NULL;
    struct story story = {0};
    const cyaml_config_t config = config_for(&story);
    cyaml_err_t error =
        cyaml_load_file(path, &config, &manifest_schema, (cyaml_data_t **)&manifest, NULL);
    if (error != CYAML_OK) {
        find_place(path, &story);
        complain_at(path, story.line, story.column,
                    story.what[0] != '\0' ? story.what : cyaml_strerror(error));
        return NULL;
    }
    if (manifest == NULL) { /* libcyaml takes an empty file for an empty value */
        complain_at(path, 1, 1, "it is empty");
        return NULL;
    }
    if (!check(path, manifest)) {
        manifest_free(manifest);
        return NULL;
    }
    return manifest;
}

void manifest_free(struct manifest *manifest) {
    struct story story = {0};
    const cyaml_config_t config = config_for(&story);
    cyaml_free(&config, &manifest_schema, manifest, 0);
}
