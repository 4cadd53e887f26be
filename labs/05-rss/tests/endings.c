/* Step endings: how it ended, what is still known then, and what can't be looked at. */
#include <signal.h>

#include "labs/05-rss/tests/observing.h"

TestSuite(endings);

enum { MIB = 1024 };

static void expect_source(const struct ended *ended, const char *source) {
    EXPECT(strcmp(ended->peak_source, source) == 0, source, "`%s` as the source of the peak",
           ended->peak_source);
}

/* Lets a command run that ends as it is told, and takes the summary. */
static struct ended end_by(const char *how, const char *number) {
    struct run *run = observe(OFTEN, COMMAND("end"), how, number);
    await_mark(run, "started");
    await_samples(run, 2);
    go_on(run);
    await_its_end(run);
    return summary_of(run);
}

/* 137 is what a shell makes of a kill; here somebody exits with it, and then somebody is killed. */
Test(endings, how_it_ended) {
    struct ended ended = end_by("exit", "137");
    expect_ending(&ended, "exited");
    EXPECT_NUMBER("status", 137, ended.status);
    EXPECT_NUMBER("signal (-1: null)", -1, ended.signal);
    ended = end_by("signal", "11");
    expect_ending(&ended, "killed");
    EXPECT_NUMBER("signal", SIGSEGV, ended.signal);
    EXPECT_NUMBER("status (-1: null)", -1, ended.status);
}

/* The next sample is due in an hour. What it did since the first one is wait4's to tell. */
Test(endings, between_two_samples) {
    struct run *run = observe(ONCE, COMMAND("touch"), "65536");
    await_mark(run, "started");
    await_total(run, 1);
    for (int portion = 1; portion <= 4; portion++) {
        go_on(run);
        await_mark(run, "touched");
    }
    struct ended ended = end_of(run);
    expect_ending(&ended, "exited");
    EXPECT_NUMBER("samples", 1, ended.samples);
    expect_source(&ended, "wait4");
    expect_between("peak_kib", 64 * MIB, ended.peak_kib, 80 * MIB);
}

/* The largest sample, and when it was. */
Test(endings, time_of_the_peak) {
    struct run *run = observe(OFTEN, COMMAND("reserve"), "65536");
    seen_at(run, "started");
    next(run, "reserved");
    next(run, "touched");
    next(run, "dropped");
    await_samples(run, 5);
    struct ended ended = end_of(run);
    struct seen largest = sample_at(run, 0);
    bool is_one = false;
    for (int64_t i = 0; i < ended.samples; i++) {
        struct seen seen = sample_at(run, i);
        largest = seen.vm_rss_kib > largest.vm_rss_kib ? seen : largest;
    }
    for (int64_t i = 0; i < ended.samples; i++) {
        struct seen seen = sample_at(run, i);
        is_one |= seen.vm_rss_kib == largest.vm_rss_kib && seen.time_ms == ended.peak_time_ms;
    }
    EXPECT(is_one, "the time of a largest sample", "%.3f, and the first of them was at %.3f",
           ended.peak_time_ms, largest.time_ms);
}

/* Samples are of a process that is there: none of one that has gone. */
static void expect_real_samples(struct run *run, const struct ended *ended) {
    for (int64_t i = 0; i < ended->samples; i++)
        EXPECT(sample_at(run, i).vm_rss_kib > 0, "numbers in each sample",
               "sample %" PRId64 " of %" PRId64 " without", i + 1, ended->samples);
}

Test(endings, somebody_elses_child) {
    struct run *run = watch(WORDS("touch", "8192"), OFTEN);
    next(run, "touched");
    struct ended ended = end_of(run);
    expect_ending(&ended, "ended");
    EXPECT_NUMBER("status (-1: null)", -1, ended.status);
    expect_source(&ended, "sampled, may miss");
    EXPECT(ended.samples >= 2, "what was sampled", "%" PRId64 " samples", ended.samples);
}

/* Its files can't be read any more, as for a process that ended after the program had begun to look.
 * The subject has the second number inside: the launcher has the first. */
Test(endings, gone_while_looking) {
    struct run *run = watch_with((struct program){.beside = WORDS("touch", "8192"),
                                                  .arguments = WORDS(AS_JSON, NUMBERED, OFTEN),
                                                  .traced = true,
                                                  .fault = ALL_READS ":error=ESRCH:when=6+",
                                                  .fault_path = "/proc/2/status"});
    EXPECT_NUMBER("the subject's number", 2, subject_pid_inside(run));
    await_total(run, 2);
    pause_ms(run, 100);
    struct ended ended = end_of(run);
    expect_ending(&ended, "ended");
    expect_real_samples(run, &ended);
}

/* Looked at late, and still its peak is known: the kernel keeps it while the process lives. */
Test(endings, a_peak_before) {
    struct run *run =
        start_program(.beside = WORDS("unmap", "65536"), .late = true,
                      .arguments = WORDS(AS_JSON, NUMBERED, OFTEN), .limit_ms = LONGEST_MS);
    await_mark(run, "started");
    go_on(run);
    await_mark(run, "allocated");
    go_on(run);
    await_mark(run, "freed");
    begin(run, 0);
    await_total(run, 3);
    struct ended ended = end_of(run);
    expect_between("peak_kib", 64 * MIB - batching_kib(), ended.peak_kib, 80 * MIB);
}

Test(endings, a_zombie) {
    struct run *run =
        start_program(.beside = WORDS("zombie"), .late = true,
                      .arguments = WORDS(AS_JSON, NUMBERED, OFTEN), .limit_ms = LONGEST_MS);
    await_mark(run, "started");
    go_on(run);
    begin(run, (pid_t)await_mark(run, "zombie"));
    await_its_end(run);
    struct ended ended = summary_of(run);
    expect_ending(&ended, "zombie");
    expect_real_samples(run, &ended);
}

/* While the program stands still, its process ends and another gets the number. */
Test(endings, the_number_used_again) {
    struct run *run = watch(WORDS("touch", "8192"), OFTEN);
    await_total(run, 2);
    pid_t inside = subject_pid_inside(run);
    step("stop the program; the subject ends");
    hold(run);
    shutdown(run->talk_fd, SHUT_RDWR);
    await_subject_end(run);
    take_pid(run, inside, 65536);
    release(run);
    await_its_end(run);
    struct ended ended = summary_of(run);
    expect_ending(&ended, "ended");
    for (int64_t i = 0; i < ended.samples; i++)
        expect_between("vm_rss_kib", 1, sample_at(run, i).vm_rss_kib, 32 * MIB);
    expect_between("peak_kib", 1, ended.peak_kib, 32 * MIB);
}

static void expect_nothing(struct run *run, const char *mention) {
    EXPECT_EXIT(run, 1);
    EXPECT_COMPLAINT(run, mention);
    EXPECT_OUTPUT(run, "");
}

Test(endings, nothing_to_look_at) {
    expect_nothing(run_with(AS_JSON, OFTEN, "-p", "4000000"), "4000000");
    expect_nothing(run_with(AS_JSON, OFTEN, "--", "/nowhere/command"), "/nowhere/command");
}

/* It lets nobody look at its memory map: PSS is not known, everything else is. */
Test(endings, not_ours_to_look_at) {
    struct run *run =
        start_program(.beside = WORDS("hide", "8192"), .late = true,
                      .arguments = WORDS(AS_JSON, NUMBERED, OFTEN), .limit_ms = LONGEST_MS);
    await_mark(run, "started");
    go_on(run);
    await_mark(run, "hidden");
    begin(run, 0);
    await_total(run, 5);
    struct ended ended = end_of(run);
    EXPECT_COMPLAINT(run, "Permission denied");
    for (int64_t i = 0; i < ended.samples; i++) {
        EXPECT(sample_at(run, i).rss_anon_kib >= 8 * MIB, "the rest of the numbers", "none");
        EXPECT_NUMBER("pss_kib (-1: null)", -1, sample_at(run, i).pss_kib);
    }
}

static void stopped_by(int number) {
    struct run *run = watch(WORDS("touch", "4096"), OFTEN);
    await_total(run, 2);
    signal_server(run, number);
    await_its_end(run);
    struct ended ended = summary_of(run);
    expect_ending(&ended, "stopped");
}

Test(endings, told_to_stop) {
    stopped_by(SIGINT);
    stopped_by(SIGTERM);
}

/* A terminal sends SIGINT to both, so it is not passed on; SIGTERM comes to the program alone. */
Test(endings, signals_for_the_command) {
    struct run *run = observe(OFTEN, COMMAND("touch"), "4096");
    seen_at(run, "started");
    signal_server(run, SIGINT);
    await_samples(run, 3);
    next(run, "touched");
    signal_server(run, SIGTERM);
    await_its_end(run);
    struct ended ended = summary_of(run);
    expect_ending(&ended, "killed");
    EXPECT_NUMBER("signal", SIGTERM, ended.signal);
}
