/* The compiler's command line, and the trimming of what it says. */
#include "grader/build.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grader/engine/process.h"
#include "grader/judge.h"

enum {
    MESSAGE_LINES = 12,
    MESSAGE_BYTES = 256 * 1024,
    EXECUTABLE_BYTES = 64 << 20,
    MOST_MOUNTS = 48
};

/* What the compiler sees of ours, and under which name. */
struct view {
    struct sandbox_mount mounts[MOST_MOUNTS];
    char paths[MOST_MOUNTS][2][PATH_BYTES];
    size_t count;
};

/* Adds a file or folder of ours; `inside` NULL: under its own name, where there is no sandbox. */
static const char *show(struct view *view, enum sandbox_tier tier, const char *ours,
                        const char *inside, bool writable) {
    if (tier == SANDBOX_NONE)
        inside = ours;
    if (view->count == MOST_MOUNTS)
        return ours;
    size_t i = view->count++;
    snprintf(view->paths[i][0], PATH_BYTES, "%s", ours);
    snprintf(view->paths[i][1], PATH_BYTES, "%s", inside);
    view->mounts[i] = (struct sandbox_mount){view->paths[i][0], view->paths[i][1], writable};
    return view->paths[i][1];
}

/* Asks pkg-config what the libraries need, and hands that to the compiler behind its own words:
 * $0 of the shell is the libraries, one word, and "$@" the compiler. */
static void add_libraries(struct arguments *arguments, const struct manifest *manifest) {
    static const char script[] = "flags=$(pkg-config --cflags --libs $0) || exit\n"
                                 "exec \"$@\" $flags";
    char names[1024] = "";
    for (unsigned i = 0; i < manifest->libraries_count; i++) {
        size_t length = strlen(names);
        snprintf(names + length, sizeof names - length, " %s", manifest->libraries[i]);
    }
    if (manifest->libraries_count > 0)
        arguments_add_all(arguments, (const char *const[]){"sh", "-c", script, names, NULL});
}

static void add_compiler(struct arguments *arguments) {
    static const char *const words[] = {"cc",
                                        "-std=gnu17",
                                        "-O2",
                                        "-g",
                                        "-Wall",
                                        "-Wextra",
                                        "-fdiagnostics-color=never",
                                        "-fmax-errors=5",
                                        "-pthread",
                                        NULL};
    arguments_add_all(arguments, words);
}

/* Whether the file is part of the module: http.o and http_response.o are both of http. */
static bool is_of_module(const char *file, const char *module, const char *ending) {
    size_t length = strlen(module);
    const char *dot = strrchr(file, '.');
    return strncmp(file, module, length) == 0 && (file[length] == '.' || file[length] == '_') &&
           dot != NULL && strcmp(dot, ending) == 0;
}

/* Shows what a module's sources of one kind have become, under their names in /modules/common. What
 * there are is asked of the sources: an object may be left from one that has gone. */
static void add_files(struct arguments *arguments, struct view *view, enum sandbox_tier tier,
                      const char *module, const char *source, const char *folder,
                      const char *ending) {
    char ours[PATH_BYTES], inside[PATH_BYTES];
    struct dirent **files = NULL;
    int count = scandir(lab_path(ours, "common"), &files, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (is_of_module(files[i]->d_name, module, source)) {
            int stem = (int)(strlen(files[i]->d_name) - strlen(source));
            snprintf(inside, sizeof inside, "/modules/common/%.*s%s", stem, files[i]->d_name,
                     ending);
            lab_path(ours, "%s/%.*s%s", folder, stem, files[i]->d_name, ending);
            const char *seen = show(view, tier, ours, inside, false);
            if (strcmp(ending, ".h") != 0)
                arguments_add(arguments, "%s", seen);
        }
        free(files[i]);
    }
    free(files);
}

/* The headers, and the objects that `make` has built or the sources, of the modules that the
 * manifest allows. */
static void add_modules(struct arguments *arguments, struct view *view, enum sandbox_tier tier,
                        const struct manifest *manifest, bool as_sources) {
    arguments_add(arguments, "-I%s", tier == SANDBOX_NONE ? lab_root() : "/modules");
    for (unsigned i = 0; i < manifest->common_count; i++) {
        const char *module = manifest->common[i];
        add_files(arguments, view, tier, module, ".h", "common", ".h");
        if (as_sources)
            add_files(arguments, view, tier, module, ".c", "common", ".c");
        else
            add_files(arguments, view, tier, module, ".c", "build/common", ".o");
    }
}

/* Replaces the sandbox's name of the source folder by the learner's. */
static void append_renamed(struct bytes *out, const char *line, size_t length, const char *inside,
                           const char *folder) {
    size_t inside_length = strlen(inside);
    for (size_t i = 0; i < length;) {
        if (length - i >= inside_length && strncmp(line + i, inside, inside_length) == 0) {
            bytes_append(out, folder, strlen(folder));
            i += inside_length;
        } else {
            bytes_append(out, line + i++, 1);
        }
    }
    bytes_append(out, "\n", 1);
}

/* Keeps the first errors: warnings come back when it compiles. */
static char *trim(const char *text, const char *inside, const char *folder) {
    struct bytes out = {0};
    size_t lines = 0;
    bool in_error = false;
    while (text != NULL && *text != '\0' && lines < MESSAGE_LINES) {
        size_t length = strcspn(text, "\n");
        char line[512];
        snprintf(line, sizeof line, "%.*s", (int)(length < 500 ? length : 500), text);
        if (strstr(line, "warning: ") != NULL || strstr(line, "note: ") != NULL)
            in_error = false;
        if (strstr(line, "error: ") != NULL || strstr(line, "undefined reference") != NULL ||
            strstr(line, "multiple definition") != NULL || strstr(line, "Error: ") != NULL)
            in_error = true;
        if (in_error) {
            append_renamed(&out, line, strlen(line), inside, folder);
            lines++;
        }
        text += length + (text[length] == '\n');
    }
    return out.data;
}

static const char *unusual_end(const struct process *process) {
    switch (process->end) {
    case PROCESS_OUT_OF_TIME:
    case PROCESS_STARVED:
        return "the compiler was still running at the time limit\n";
    case PROCESS_OUT_OF_MEMORY:
        return "the compiler used more memory than the lab allows\n";
    case PROCESS_OUT_OF_OUTPUT:
        return "the compiler wrote more than anyone would read\n";
    case PROCESS_TOO_MANY:
        return "the compiler started too many processes\n";
    default:
        return "the compiler failed without naming an error\n";
    }
}

/* The executable must be there, and a plain file: the compiler's word is not enough. */
static bool is_made(const char *path, const struct process *process) {
    struct stat status;
    return process->end == PROCESS_ENDED && WIFEXITED(process->wait_status) &&
           WEXITSTATUS(process->wait_status) == 0 && lstat(path, &status) == 0 &&
           S_ISREG(status.st_mode);
}

static bool goes_on(void *unused) {
    (void)unused;
    return !judge_interrupted();
}

/* What bwrap says in one line, and pkg-config of a library that is not installed. A compiler can't be
 * made to write that: it always says "error" somewhere. */
static bool is_our_trouble(const char *output) {
    return output != NULL && strstr(output, "error") == NULL &&
           (strncmp(output, "bwrap: ", 7) == 0 || strncmp(output, "Package ", 8) == 0 ||
            strstr(output, "pkg-config: not found") != NULL);
}

static void compile(struct process *process, const struct manifest *manifest,
                    const struct machine *machine, const struct workspace *workspace,
                    const struct instrument *instrument, struct view *view) {
    struct arguments compiler = {0}, command = {0};
    const char *source = show(view, machine->tier, workspace->source, "/source", false);
    const char *output = show(view, machine->tier, workspace->output, "/output", true);
    add_libraries(&compiler, manifest);
    add_compiler(&compiler);
    if (instrument != NULL) {
        arguments_add_all(&compiler, instrument->compiler);
        arguments_add(&compiler, "-D_GNU_SOURCE"); /* as our own builds of the modules have it */
    }
    for (unsigned i = 0; i < manifest->files_count; i++)
        arguments_add(&compiler, "%s/%s", source, manifest->files[i]);
    add_modules(&compiler, view, machine->tier, manifest, instrument != NULL);
    arguments_add(&compiler, "-o");
    arguments_add(&compiler, "%s/%s", output, manifest->program);

    int filter_fd = open(workspace->filter, O_RDONLY | O_CLOEXEC);
    const struct sandbox sandbox = {.tier = machine->tier,
                                    .mounts = view->mounts,
                                    .mount_count = view->count,
                                    .directory = "/tmp",
                                    .filter_fd = filter_fd,
                                    .tools = true,
                                    .tmp_mib =
                                        machine->sizes_tmp ? (int)manifest->limits.tmp_mib : 0};
    sandbox_add_inner(&command, &sandbox);
    arguments_add_all(&command, (const char *const *)compiler.words);
    const struct process_options options = {.arguments = command.words,
                                            .tick = goes_on,
                                            .environment = sandbox_environment,
                                            .stdin_path = "/dev/null",
                                            .keep = &filter_fd,
                                            .keep_count = filter_fd >= 0,
                                            .join_stderr_to_stdout = true,
                                            .limit_ms = (int)manifest->limits.build_seconds * 1000,
                                            .output_limit_bytes = MESSAGE_BYTES,
                                            .file_limit_bytes = EXECUTABLE_BYTES,
                                            .memory_limit_kib =
                                                (int64_t)manifest->limits.memory_mib * 1024,
                                            .process_limit = (int)manifest->limits.processes};
    if (compiler.failed || command.failed || process_run(process, &options) < 0)
        *process = (struct process){.end = PROCESS_ENDED, .wait_status = 1 << 8};
    arguments_release(&compiler);
    arguments_release(&command);
    close(filter_fd);
}

void build_submission(struct build *build, const struct lab *lab, const char *folder,
                      const struct machine *machine, const struct workspace *workspace,
                      const struct instrument *instrument) {
    struct view *view = calloc(1, sizeof *view);
    struct process process;
    char path[PATH_BYTES];
    *build = (struct build){0};
    if (view == NULL)
        return;
    compile(&process, lab->manifest, machine, workspace, instrument, view);
    snprintf(path, sizeof path, "%s/%s", workspace->output, lab->manifest->program);
    build->seconds = (double)(process.ended_ns - process.started_ns) / 1e9;
    build->made = is_made(path, &process);
    build->failed_to_run = !build->made && is_our_trouble(process.output.data);
    if (!build->made) {
        const char *inside = machine->tier == SANDBOX_NONE ? workspace->source : "/source";
        build->message = trim(process.output.data, inside, folder);
        if (build->message == NULL)
            build->message = strdup(process.end == PROCESS_ENDED && process.output.length > 0
                                        ? process.output.data
                                        : unusual_end(&process));
    }
    process_release(&process);
    free(view);
}

void build_release(struct build *build) {
    free(build->message);
    build->message = NULL;
}
