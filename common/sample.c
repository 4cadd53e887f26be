/* Samples as text: one row a number says what each format makes of it. */
#include "common/sample.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { US_IN_NS = 1000, MS_IN_US = 1000 };

/* The table has the columns with a heading: together 79 characters. */
static const struct column {
    const char *key;
    size_t member;
    const char *heading;
    int width;
} columns[] = {
    {"time_ms", offsetof(struct sample, time_ns), "time_s", 8},
    {"vm_size_kib", offsetof(struct sample, vm_size_kib), "VmSize", 9},
    {"vm_rss_kib", offsetof(struct sample, vm_rss_kib), "VmRSS", 8},
    {"rss_anon_kib", offsetof(struct sample, rss_anon_kib), "anon", 8},
    {"rss_file_kib", offsetof(struct sample, rss_file_kib), "file", 7},
    {"rss_shmem_kib", offsetof(struct sample, rss_shmem_kib), "shmem", 7},
    {"pss_kib", offsetof(struct sample, pss_kib), "PSS", 8},
    {"swap_kib", offsetof(struct sample, swap_kib), NULL, 0},
    {"minor_faults", offsetof(struct sample, minor_faults), "faults", 8},
    {"major_faults", offsetof(struct sample, major_faults), NULL, 0},
    {"threads", offsetof(struct sample, threads), "threads", 8},
    {"processes", offsetof(struct sample, processes), NULL, 0},
    {"cgroup_kib", offsetof(struct sample, cgroup_kib), "cgroup", 8},
    {"cgroup_max_kib", offsetof(struct sample, cgroup_max_kib), NULL, 0},
    {"cgroup_limit_hits", offsetof(struct sample, cgroup_limit_hits), NULL, 0},
    {"cgroup_oom_kills", offsetof(struct sample, cgroup_oom_kills), NULL, 0},
};

enum { COUNT = sizeof columns / sizeof *columns };

static const char *const ending_names[] = {"exited", "killed", "oom_killed",
                                           "ended",  "zombie", "stopped"};
static const char *const source_names[] = {"wait4", "cgroup", "sampled, may miss"};

static int64_t value_of(const struct sample *sample, const struct column *column) {
    int64_t value;
    memcpy(&value, (const char *)sample + column->member, sizeof value);
    return value;
}

static bool is_time(const struct column *column) {
    return column->member == offsetof(struct sample, time_ns);
}

static bool is_memory(const struct column *column) {
    return strstr(column->key, "_kib") != NULL;
}

/* Integers all the way: a double would cost as much as the rest of the line. */
static void print_ms(FILE *file, int64_t ns) {
    int64_t us = ns / US_IN_NS;
    fprintf(file, "%" PRId64 ".%03d", us / MS_IN_US, (int)(us % MS_IN_US));
}

/* A number for programs; `nothing` stands for one that is not known. */
static void print_number(FILE *file, int64_t value, const char *nothing) {
    if (value < 0)
        fputs(nothing, file);
    else
        fprintf(file, "%" PRId64, value);
}

static void print_time(FILE *file, int64_t ns, const char *nothing) {
    if (ns < 0)
        fputs(nothing, file);
    else
        print_ms(file, ns);
}

/* ---- samples ---- */

void sample_add(struct sample *sum, const struct sample *one) {
    for (int i = 0; i < COUNT; i++) {
        int64_t left = value_of(sum, &columns[i]), right = value_of(one, &columns[i]);
        int64_t both = left == UNKNOWN || right == UNKNOWN ? UNKNOWN : left + right;
        if (!is_time(&columns[i]) && strncmp(columns[i].key, "cgroup", 6) != 0)
            memcpy((char *)sum + columns[i].member, &both, sizeof both);
    }
}

static void print_csv(FILE *file, const struct sample *sample) {
    for (int i = 0; i < COUNT; i++) {
        fputs(i == 0 ? "" : ",", file);
        if (is_time(&columns[i]))
            print_time(file, sample->time_ns, "");
        else
            print_number(file, value_of(sample, &columns[i]), "");
    }
    fputc('\n', file);
}

static void print_json(FILE *file, const struct sample *sample) {
    for (int i = 0; i < COUNT; i++) {
        fprintf(file, "%s\"%s\":", i == 0 ? "{" : ",", columns[i].key);
        if (is_time(&columns[i]))
            print_time(file, sample->time_ns, "null");
        else
            print_number(file, value_of(sample, &columns[i]), "null");
    }
    fputs("}\n", file);
}

static void print_cell(FILE *file, const struct column *column, int64_t value) {
    if (value < 0)
        fprintf(file, "%*s", column->width, "-");
    else if (is_time(column))
        fprintf(file, "%*.2f", column->width, (double)value / (1e3 * US_IN_NS * MS_IN_US));
    else if (is_memory(column))
        fprintf(file, "%*.1f", column->width, (double)value / 1024);
    else
        fprintf(file, "%*" PRId64, column->width, value);
}

static void print_row(FILE *file, const struct sample *sample) {
    for (int i = 0; i < COUNT; i++) {
        if (columns[i].heading != NULL)
            print_cell(file, &columns[i], value_of(sample, &columns[i]));
    }
    fputc('\n', file);
}

/* A stream keeps what it could not write and would try it again: the error is told each time. */
static int flush(FILE *file) {
    return fflush(file) == 0 && !ferror(file) ? 0 : -1;
}

int print_header(FILE *file, enum format format) {
    for (int i = 0; i < COUNT; i++) {
        if (format == FORMAT_CSV)
            fprintf(file, "%s%s", i == 0 ? "" : ",", columns[i].key);
        else if (format == FORMAT_TABLE && columns[i].heading != NULL)
            fprintf(file, "%*s", columns[i].width, columns[i].heading);
    }
    if (format != FORMAT_JSON)
        fputc('\n', file);
    return flush(file);
}

int print_sample(FILE *file, enum format format, const struct sample *sample) {
    if (format == FORMAT_CSV)
        print_csv(file, sample);
    else if (format == FORMAT_JSON)
        print_json(file, sample);
    else
        print_row(file, sample);
    return flush(file);
}

/* ---- the summary ---- */

static void summary_as_words(FILE *file, const struct summary *summary, const char *nothing,
                             const char *const words[]) {
    fprintf(file, "%s%" PRId64, words[0], summary->samples);
    fprintf(file, "%s%s", words[1], ending_names[summary->ending]);
    fputs(words[2], file);
    print_number(file, summary->status, nothing);
    fputs(words[3], file);
    print_number(file, summary->signal, nothing);
    fputs(words[4], file);
    print_number(file, summary->peak_kib, nothing);
    fputs(words[5], file);
    print_time(file, summary->peak_time_ns, nothing);
    fprintf(file, "%s%s%s", words[6], source_names[summary->peak_source], words[7]);
}

static void print_ending(FILE *file, const struct summary *summary) {
    const char *name = sigabbrev_np((int)summary->signal);
    if (summary->ending == ENDING_EXITED)
        fprintf(file, "it exited with status %" PRId64, summary->status);
    else if (summary->ending == ENDING_KILLED)
        fprintf(file, "it was killed by SIG%s", name != NULL ? name : "?");
    else if (summary->ending == ENDING_OOM_KILLED)
        fputs("it was killed because its control group ran out of memory", file);
    else if (summary->ending == ENDING_ZOMBIE)
        fputs("it has ended and is a zombie: its parent has not waited for it", file);
    else
        fputs(summary->ending == ENDING_ENDED ? "it ended" : "it goes on", file);
}

static void print_sentences(FILE *file, const struct summary *summary) {
    fprintf(file, "%" PRId64 " sample%s; ", summary->samples, summary->samples == 1 ? "" : "s");
    print_ending(file, summary);
    fputs(".\n", file);
    if (summary->peak_kib < 0)
        return;
    fprintf(file, "peak %.1f MiB (%s)", (double)summary->peak_kib / 1024,
            source_names[summary->peak_source]);
    if (summary->peak_time_ns >= 0)
        fprintf(file, "; the largest sample at %.2f s",
                (double)summary->peak_time_ns / (1e3 * US_IN_NS * MS_IN_US));
    fputs(".\n", file);
}

int print_summary(FILE *file, enum format format, const struct summary *summary) {
    static const char *const json[] = {
        "{\"samples\":",  ",\"ending\":\"",     "\",\"status\":",      ",\"signal\":",
        ",\"peak_kib\":", ",\"peak_time_ms\":", ",\"peak_source\":\"", "\"}\n"};
    static const char *const csv[] = {"# samples=", " ending=",       " status=",      " signal=",
                                      " peak_kib=", " peak_time_ms=", " peak_source=", "\n"};
    if (format == FORMAT_CSV)
        summary_as_words(file, summary, "", csv);
    else if (format == FORMAT_JSON)
        summary_as_words(file, summary, "null", json);
    else
        print_sentences(file, summary);
    return flush(file);
}
