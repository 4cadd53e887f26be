/* A terminal for the program to write to, and what a person would see on it.
 *
 * Left out: typing, job control, scrolling back, colours, and characters of more than one byte,
 * which take a column for each byte here. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "grader/testkit/kit.h"

enum { COLUMNS = 80, ROWS = 24, MOST_NUMBERS = 4 };

/* Newlines stay as they are written, so that what comes can be compared with what was said. */
static int set_up(int ours) {
    struct termios modes;
    const struct winsize size = {.ws_row = ROWS, .ws_col = COLUMNS};
    if (tcgetattr(ours, &modes) < 0)
        return -1;
    modes.c_oflag &= ~(tcflag_t)OPOST;
    modes.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(ours, TCSANOW, &modes) < 0 || ioctl(ours, TIOCSWINSZ, &size) < 0)
        return -1;
    return fcntl(ours, F_SETFL, O_NONBLOCK);
}

int terminal_open(struct process_options *options, int descriptor) {
    static char path[64];
    if (descriptor == 0)
        return -1;
    int ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ours < 0 || grantpt(ours) < 0 || unlockpt(ours) < 0 ||
        ptsname_r(ours, path, sizeof path) != 0 || set_up(ours) < 0)
        unmeasured("no terminal can be made: %s", strerror(errno));
    *(descriptor == STDOUT_FILENO ? &options->stdout_path : &options->stderr_path) = path;
    return ours;
}

void terminal_connect(struct process *process, int descriptor, int ours) {
    if (descriptor == STDOUT_FILENO)
        process->stdout_fd = ours;
    if (descriptor == STDERR_FILENO)
        process->stderr_fd = ours;
}

/* ---- The screen ---- */

static struct {
    char cells[ROWS][COLUMNS];
    int row, column; /* of the next character; `column` may be one past the last */
    char text[ROWS * (COLUMNS + 1) + 1];
} screen;

static int within(int value, int most) {
    return value < 0 ? 0 : value > most ? most : value;
}

static void next_row(void) {
    if (++screen.row < ROWS)
        return;
    memmove(screen.cells[0], screen.cells[1], sizeof screen.cells - COLUMNS);
    memset(screen.cells[ROWS - 1], ' ', COLUMNS);
    screen.row = ROWS - 1;
}

static void put(char character) {
    if (screen.column == COLUMNS) {
        screen.column = 0;
        next_row();
    }
    screen.cells[screen.row][screen.column++] = character;
}

static void control(char character) {
    if (character == '\r' || character == '\n')
        screen.column = 0;
    if (character == '\n')
        next_row();
    if (character == '\b')
        screen.column = within(screen.column - 1, COLUMNS - 1);
    if (character == '\t')
        screen.column = within((screen.column / 8 + 1) * 8, COLUMNS - 1);
}

/* Blanks from one cell up to another, in the order in which they are read. */
static void blank(int from, int to) {
    if (to > from)
        memset(&screen.cells[0][0] + from, ' ', (size_t)(to - from));
}

/* ECMA-48, sections 8.3.39 and 8.3.41: from here on, up to here, or all of it. */
static void erase(int how, int start, int end) {
    int here = screen.row * COLUMNS + within(screen.column, COLUMNS - 1);
    blank(how == 0 ? here : start, how == 1 ? here + 1 : end);
}

/* ECMA-48, section 8.3: a sequence ends with the letter that names it; a number left out is zero. */
static void carry_out(char letter, const int *numbers) {
    int by = numbers[0] > 0 ? numbers[0] : 1, start = screen.row * COLUMNS;
    if (letter == 'K')
        erase(numbers[0], start, start + COLUMNS);
    else if (letter == 'J')
        erase(numbers[0], 0, ROWS * COLUMNS);
    else if (letter == 'A' || letter == 'B')
        screen.row = within(screen.row + (letter == 'A' ? -by : by), ROWS - 1);
    else if (letter == 'C' || letter == 'D')
        screen.column = within(screen.column + (letter == 'D' ? -by : by), COLUMNS - 1);
    else if (letter == 'G')
        screen.column = within(by - 1, COLUMNS - 1);
    else if (letter == 'H') {
        screen.row = within(by - 1, ROWS - 1);
        screen.column = within(numbers[1] - 1, COLUMNS - 1);
    }
}

/* What follows ESC. Returns what follows the sequence; one that is cut off at `end` does nothing. */
static const char *take_sequence(const char *at, const char *end) {
    int numbers[MOST_NUMBERS] = {0}, count = 0;
    if (at == end || *at != '[')
        return at == end ? at : at + 1;
    for (at++; at < end && !isalpha((unsigned char)*at); at++) {
        if (isdigit((unsigned char)*at))
            numbers[count] = within(numbers[count] * 10 + *at - '0', 9999);
        else if (*at == ';' && count + 1 < MOST_NUMBERS)
            count++;
    }
    if (at == end)
        return at;
    carry_out(*at, numbers);
    return at + 1;
}

static void draw(const char *at, const char *end) {
    memset(screen.cells, ' ', sizeof screen.cells);
    screen.row = screen.column = 0;
    while (at < end) {
        char character = *at++;
        if (character == '\033')
            at = take_sequence(at, end);
        else if (iscntrl((unsigned char)character))
            control(character);
        else
            put(character);
    }
}

/* Returns the length of what is to be seen of it. */
static size_t without_blanks(const char *cells, size_t length) {
    while (length > 0 && cells[length - 1] == ' ')
        length--;
    return length;
}

static const char *as_text(void) {
    size_t seen = without_blanks(&screen.cells[0][0], sizeof screen.cells);
    char *end = screen.text;
    for (size_t row = 0; row * COLUMNS < seen; row++) {
        size_t length = without_blanks(screen.cells[row], COLUMNS);
        end = mempcpy(end, screen.cells[row], length);
        *end++ = '\n';
    }
    *end = '\0';
    return screen.text;
}

static const struct bytes *shown(const struct run *run) {
    return run->program.terminal == STDOUT_FILENO ? &run->process.output : &run->process.errors;
}

size_t shown_bytes(const struct run *run) {
    return shown(run)->length;
}

const char *screen_of(const struct run *run, size_t written_bytes) {
    const struct bytes *bytes = shown(run);
    const char *data = bytes->data == NULL ? "" : bytes->data;
    draw(data, data + (written_bytes < bytes->length ? written_bytes : bytes->length));
    return as_text();
}
