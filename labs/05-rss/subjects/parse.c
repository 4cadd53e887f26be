/*
 * parse: adds up the values in a JSON document, as a copy at every step or as a stream. It reproduces
 * the import that takes ten times its file in memory: "it is only 200 MB of JSON". The text is held
 * whole, the tree of it is held whole, and the records made of the tree are a third copy; the stream
 * holds one record at a time, whatever the size of the file. Both print the same sum.
 *
 *     read KIB      so much of the document has been read
 *     decoded KIB   so much memory is held for what was decoded, by the allocator's own account
 *
 * FILE is an array of objects, each with a "name" and an integer "value"; anything else in them is
 * carried along. Left out: every other shape.
 */
#include <jansson.h>
#include <malloc.h>

#include "marks.h"

struct record {
    char *name;
    int64_t value;
};

static const char *file_name;
static size_t held_at_start;

static int64_t held_kib(void) {
    struct mallinfo2 now = mallinfo2();
    return (int64_t)(now.uordblks + now.hblkhd - held_at_start) / 1024;
}

static _Noreturn void refuse(const char *why) {
    errx(EXIT_FAILURE, "%s: %s", file_name, why);
}

static struct record record_of(json_t *object) {
    const char *text = json_string_value(json_object_get(object, "name"));
    struct record record = {strdup(text != NULL ? text : ""),
                            json_integer_value(json_object_get(object, "value"))};
    if (record.name == NULL)
        refuse("no memory for a name");
    return record;
}

/* Everything at once, and nothing is let go of while the next is made. */
static int64_t by_copies(FILE *file, size_t bytes) {
    json_error_t error;
    char *text = malloc(bytes + 1);
    if (text == NULL || fread(text, 1, bytes, file) != bytes)
        refuse("can't be read whole");
    mark("read", (int64_t)bytes / 1024);

    json_t *tree = json_loadb(text, bytes, 0, &error);
    if (!json_is_array(tree))
        refuse(tree == NULL ? error.text : "not an array");
    size_t count = json_array_size(tree);
    struct record *records = calloc(count + 1, sizeof *records);
    int64_t sum = 0;
    if (records == NULL)
        refuse("no memory for its records");
    for (size_t i = 0; i < count; i++)
        records[i] = record_of(json_array_get(tree, i));
    mark("decoded", held_kib());

    for (size_t i = 0; i < count; i++) {
        sum += records[i].value;
        free(records[i].name);
    }
    free(records);
    json_decref(tree);
    free(text);
    return sum;
}

static int next_mark(FILE *file) {
    int c;
    do
        c = getc(file);
    while (c == ' ' || c == '\n' || c == '\r' || c == '\t');
    return c;
}

/* The brackets and commas between the records are read here, each record by the library. */
static int64_t by_stream(FILE *file, size_t bytes) {
    json_error_t error;
    int64_t sum = 0;
    int c = next_mark(file);
    if (c != '[')
        refuse("not an array");
    for (c = next_mark(file); c != ']' && c != EOF; c = next_mark(file)) {
        if (c != ',')
            ungetc(c, file);
        json_t *object = json_loadf(file, JSON_DISABLE_EOF_CHECK, &error);
        if (object == NULL)
            refuse(error.text);
        struct record record = record_of(object);
        sum += record.value;
        free(record.name);
        json_decref(object);
    }
    if (c == EOF)
        refuse("ends before its array does");
    mark("read", (int64_t)bytes / 1024);
    mark("decoded", held_kib());
    return sum;
}

int main(int argc, char **argv) {
    char **words = start(argc, argv, 2, 2, "copy|stream FILE");
    bool copies = strcmp(words[0], "copy") == 0;
    if (!copies && strcmp(words[0], "stream") != 0)
        errx(USAGE, "%s: neither copy nor stream", words[0]);
    struct stat status;
    FILE *file = fopen(file_name = words[1], "r");
    if (file == NULL || fstat(fileno(file), &status) < 0)
        err(EXIT_FAILURE, "%s", file_name);

    held_at_start = mallinfo2().uordblks;
    int64_t sum = (copies ? by_copies : by_stream)(file, (size_t)status.st_size);
    if (!talks && !is_quiet)
        dprintf(STDOUT_FILENO, "sum %" PRId64 "\n", sum);
    return done();
}
