/* Step compare: the program measures itself, and the kernel's count agrees. */
#include <stdio.h>
#include <string.h>

#include "grader/testkit/testkit.h"

enum { MOST_ROWS = 100 };

/* One line of the CSV. */
struct measured {
    long long chunk_bytes;
    long long bytes;
    long long calls;
    double seconds;
    double mib_per_s;
};

static bool parse_row(const char *line, size_t length, struct measured *row) {
    int used = 0;
    int fields = sscanf(line, "%lld,%lld,%lld,%lf,%lf%n", &row->chunk_bytes, &row->bytes,
                        &row->calls, &row->seconds, &row->mib_per_s, &used);
    return fields == 5 && (size_t)used == length;
}

/* Runs to the end and takes the table apart; a line that is no row fails the test. */
static size_t take_table(struct run *run, struct measured *rows) {
    static const char header[] = "chunk_bytes,bytes,calls,seconds,mib_per_s\n";
    EXPECT_EXIT(run, 0);
    const char *line = output(run);
    EXPECT(strncmp(line, header, strlen(header)) == 0,
           "a first line `chunk_bytes,bytes,calls,seconds,mib_per_s`", "`%.60s`", line);
    line += strlen(header);
    size_t count = 0;
    for (; *line != '\0' && count < MOST_ROWS; count++) {
        size_t length = strcspn(line, "\n");
        EXPECT(parse_row(line, length, &rows[count]), "five numbers with commas between them",
               "row %zu: `%.*s`", count + 1, (int)(length < 80 ? length : 80), line);
        line += length + (line[length] == '\n');
    }
    EXPECT(count > 0, "a row for each size", "none");
    return count;
}

Test(compare, rows) {
    const int64_t size = 100 * 1000;
    struct measured rows[MOST_ROWS];
    make_text("input", (size_t)size);
    size_t count = take_table(run_with("compare", "input"), rows);
    for (size_t i = 0; i < count; i++) {
        const struct measured *row = &rows[i];
        EXPECT(row->chunk_bytes > 0 && row->bytes > 0 && row->bytes <= size,
               "up to 100,000 bytes read, for that is the file's size", "row %zu: %lld bytes",
               i + 1, row->bytes);
        int64_t least = ceil_div(row->bytes, row->chunk_bytes);
        EXPECT(row->calls == least || row->calls == least + 1,
               "as many calls as there are chunks in the bytes, and perhaps one at the end",
               "row %zu: %lld calls for %lld bytes in chunks of %lld", i + 1, row->calls,
               row->bytes, row->chunk_bytes);
        EXPECT(row->seconds >= 0 && row->mib_per_s >= 0, "seconds and mib_per_s not below 0",
               "row %zu: %g and %g", i + 1, row->seconds, row->mib_per_s);
    }
}

Test(compare, sizes) {
    struct measured rows[MOST_ROWS];
    make_text("input", 16 * 1024);
    size_t count = take_table(run_with("compare", "input"), rows);
    EXPECT(count > 1, "more than one chunk size", "%zu row", count);
    for (size_t i = 1; i < count; i++)
        EXPECT(rows[i].chunk_bytes > rows[i - 1].chunk_bytes, "a larger chunk in every row",
               "row %zu: %lld after %lld", i + 1, rows[i].chunk_bytes, rows[i - 1].chunk_bytes);
    EXPECT_NUMBER("the first chunk's bytes", 1, rows[0].chunk_bytes);
    EXPECT_NUMBER("the last chunk's bytes", 4 << 20, rows[count - 1].chunk_bytes);
}

Test(compare, calls_agree) {
    int64_t calls_printed = 0, bytes_printed = 0;
    struct measured rows[MOST_ROWS];
    make_text("input", 4 * 1024);
    struct run *run = run_traced("compare", "input");
    size_t count = take_table(run, rows);
    for (size_t i = 0; i < count; i++) {
        calls_printed += rows[i].calls;
        bytes_printed += rows[i].bytes;
    }
    const struct ledger *ledger = ledger_of(run);
    BUDGET_EQUAL(ledger, READS, on_path("input"), calls_printed,
                 "a measurement that leaves calls out, or invents some, misleads");
    EXPECT_NUMBER("bytes printed, all rows together, as strace counted them",
                  ledger_tally(ledger, READS, on_path("input").name).bytes, bytes_printed);
}
