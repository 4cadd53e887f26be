/* A learner's predictions, set beside what was measured; asked for, never scored on being right. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "grader/lab.h"

/* Returns [{id, question, unit, of, predicted?, measured?}], one for each that the manifest asks
 * for; `measured` only stands beside a prediction that was made.
 * folder        where the learner's predict.yaml may lie
 * reference     for what is measured of the starter
 * measurements  of this grading
 * A predict.yaml that can't be read is told in one line on standard error, and counts as absent. */
json_t *predictions_make(const struct lab *lab, const char *folder, const json_t *reference,
                         const json_t *measurements);

/* Writes a predict.yaml to fill in. */
void predictions_write_blank(const struct manifest *manifest, FILE *file);
