/*
 * One look at the memory of a process, or of a tree of them, and what many looks came to: as text.
 *
 * The numbers are the program's to find out. Left out: units other than KiB in what other programs
 * read, and drawing, which is common/chart.h.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

enum format {
    FORMAT_TABLE, /* for people: MiB with one digit, the more telling half of the numbers */
    FORMAT_CSV,   /* RFC 4180 without quotes, for nothing here needs any */
    FORMAT_JSON,  /* an object a line */
};

/* A number that is not known, or that there is none of: empty in CSV, null in JSON, - in a table. */
enum { UNKNOWN = -1 };

/* In the order in which they are printed; the names are those of the columns and the keys. */
struct sample {
    int64_t time_ns; /* since the first slot; printed as time_ms, with microseconds */
    int64_t vm_size_kib;
    int64_t vm_rss_kib;
    int64_t rss_anon_kib;
    int64_t rss_file_kib;
    int64_t rss_shmem_kib;
    int64_t pss_kib;
    int64_t swap_kib;
    int64_t minor_faults;
    int64_t major_faults;
    int64_t threads;
    int64_t processes;
    int64_t cgroup_kib;
    int64_t cgroup_max_kib; /* UNKNOWN: there is no limit, or no group */
    int64_t cgroup_limit_hits;
    int64_t cgroup_oom_kills;
};

/* All of it: `struct sample sample = SAMPLE_UNKNOWN;` */
#define SAMPLE_UNKNOWN                                                                             \
    {                                                                                              \
        UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,  \
            UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN                                   \
    }

enum ending {
    ENDING_EXITED,     /* `status` */
    ENDING_KILLED,     /* `signal` */
    ENDING_OOM_KILLED, /* `signal`, and it was for want of memory in its control group */
    ENDING_ENDED,      /* somebody else's child: how it ended is for its parent to know */
    ENDING_ZOMBIE,     /* it has ended, and its parent has not waited for it */
    ENDING_STOPPED,    /* it goes on: the observer was told to stop */
};

enum peak_source {
    PEAK_WAIT4,   /* kept by the kernel for the process, or for a child it waited for */
    PEAK_CGROUP,  /* kept by the kernel for the control group */
    PEAK_SAMPLED, /* nobody kept it: "sampled, may miss" */
};

struct summary {
    int64_t samples;
    enum ending ending;
    int64_t status; /* UNKNOWN: it did not exit */
    int64_t signal; /* UNKNOWN: it was not killed */
    int64_t peak_kib;
    int64_t peak_time_ns; /* of the largest sample */
    enum peak_source peak_source;
};

/* Adds the numbers of one process to those of others, the time and the group's aside. What is not
 * known of one is not known of all. */
void sample_add(struct sample *sum, const struct sample *one);

/*
 * Print what comes before the samples, one sample as one line, and what comes after them. Each
 * text leaves at once, and a line that fits the stream's buffer in one write(2).
 * Return 0, or -1 with errno as write(2) set it.
 */
int print_header(FILE *file, enum format format);
int print_sample(FILE *file, enum format format, const struct sample *sample);
int print_summary(FILE *file, enum format format, const struct summary *summary);
