/* Reading predict.yaml:
 *
 *     predictions:
 *       - id: naive_reads
 *         answer: 65537
 */
#include "grader/predictions.h"

#include <cyaml/cyaml.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/errors.h"
#include "grader/result.h"
#include "grader/submission.h"

struct answer {
    char *id;
    int64_t *answer; /* NULL: not yet given */
};

struct answers {
    struct answer *list;
    unsigned list_count;
};

static const cyaml_schema_field_t answer_fields[] = {
    CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER, struct answer, id, 1, CYAML_UNLIMITED),
    CYAML_FIELD_INT_PTR("answer", CYAML_FLAG_POINTER_NULL_STR | CYAML_FLAG_OPTIONAL, struct answer,
                        answer),
    CYAML_FIELD_END};
static const cyaml_schema_value_t answer_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct answer, answer_fields)};
static const cyaml_schema_field_t answers_fields[] = {
    {.key = "predictions",
     .value = {.type = CYAML_SEQUENCE,
               .flags = CYAML_FLAG_POINTER,
               .data_size = sizeof(struct answer),
               .sequence = {.entry = &answer_entry, .min = 0, .max = CYAML_UNLIMITED}},
     .data_offset = offsetof(struct answers, list),
     .count_offset = offsetof(struct answers, list_count),
     .count_size = sizeof(unsigned)},
    CYAML_FIELD_END};
static const cyaml_schema_value_t answers_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct answers, answers_fields)};

static const cyaml_config_t quiet = {
    .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR, .flags = CYAML_CFG_DEFAULT};

static struct answers *load(const char *folder) {
    char path[PATH_BYTES];
    struct answers *answers = NULL;
    snprintf(path, sizeof path, "%s/predict.yaml", folder);
    if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return NULL;
    char why[256];
    size_t length;
    char *text = submission_read(path, &length, why, sizeof why);
    if (text == NULL) {
        error_because(path, "%s", why);
        return NULL;
    }
    cyaml_err_t error = cyaml_load_data((const uint8_t *)text, length, &quiet, &answers_schema,
                                        (cyaml_data_t **)&answers, NULL);
    free(text);
    if (error != CYAML_OK) {
        error_because(path, "%s; it holds `id` and a whole number as `answer` for each prediction",
                      cyaml_strerror(error));
        return NULL;
    }
    return answers;
}

static const int64_t *answer_to(const struct answers *answers, const char *id) {
    for (unsigned i = 0; answers != NULL && i < answers->list_count; i++)
        if (strcmp(answers->list[i].id, id) == 0)
            return answers->list[i].answer;
    return NULL;
}

static json_t *make_one(const struct manifest_prediction *asked, const struct answers *answers,
                        const json_t *reference, const json_t *measurements) {
    json_t *one = json_pack("{ss ss ss ss}", "id", asked->id, "question", asked->question, "unit",
                            asked->unit, "of", asked->of);
    const int64_t *answer = answer_to(answers, asked->id);
    if (answer != NULL)
        json_object_set_new(one, "predicted", json_integer(*answer));
    const json_t *from = strcmp(asked->of, "starter") == 0
                             ? json_object_get(reference, "starter_measurements")
                             : measurements;
    json_t *value = json_object_get(json_object_get(from, asked->measure), "value");
    if (value != NULL && answer != NULL) /* or the report would give the answer away */
        json_object_set(one, "measured", value);
    return one;
}

json_t *predictions_make(const struct lab *lab, const char *folder, const json_t *reference,
                         const json_t *measurements) {
    struct answers *answers = load(folder);
    json_t *list = json_array();
    for (unsigned i = 0; i < lab->manifest->predictions_count; i++)
        json_array_append_new(
            list, make_one(&lab->manifest->predictions[i], answers, reference, measurements));
    cyaml_free(&quiet, &answers_schema, answers, 0);
    return list;
}

void predictions_write_blank(const struct manifest *manifest, FILE *file) {
    fprintf(file,
            "# What do you expect? Write a whole number behind each `answer:` before you run\n"
            "# anything. The report sets it beside what was counted; it is never scored.\n"
            "predictions:\n");
    for (unsigned i = 0; i < manifest->predictions_count; i++) {
        const struct manifest_prediction *asked = &manifest->predictions[i];
        fprintf(file, "  # %s (%s)\n  - id: %s\n    answer:\n", asked->question, asked->unit,
                asked->id);
    }
}
