/*
 * The other direction of common/http.h: response heads and HTTP's dates.
 *
 * A head is written once a request, so it is put together from pieces rather than by snprintf(3),
 * and a date by arithmetic rather than by gmtime(3) and strftime(3), which take the locale's lock.
 */
#include "common/http.h"

#include <errno.h>
#include <string.h>

#include "common/http_syntax.h"

/* ---- Dates ---- */

enum { SECONDS_A_DAY = 24 * 60 * 60, FIRST_YEAR = 1970, LAST_YEAR = 9999 };

static const int64_t seconds_in_50_years = (int64_t)50 * 31556952; /* of 365.2425 days */

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};

static bool is_leap(int64_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_in_month(int64_t year, unsigned month) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month] + (month == 1 && is_leap(year));
}

/* From the epoch to the first of January. Each year before has 365 days; the leap days among them
 * are those up to that year less those up to the epoch. */
static int64_t days_before(int64_t year) {
    int64_t last = year - 1;
    int64_t epoch = FIRST_YEAR - 1;
    return (year - FIRST_YEAR) * 365 + (last / 4 - last / 100 + last / 400) -
           (epoch / 4 - epoch / 100 + epoch / 400);
}

/* Writes a number from its last digit on, `digits` of them. */
static void put_digits(char *to, int64_t number, size_t digits) {
    while (digits-- > 0) {
        to[digits] = (char)('0' + number % 10);
        number /= 10;
    }
}

void http_write_date(char date[HTTP_DATE_BYTES], time_t when) {
    int64_t last = days_before(LAST_YEAR + 1) * SECONDS_A_DAY - 1;
    int64_t seconds = when < 0 ? 0 : when > last ? last : when;
    int64_t days = seconds / SECONDS_A_DAY;
    seconds %= SECONDS_A_DAY;

    /* never too late; up to 2100 one year early at most, by 9999 seventeen */
    int64_t year = FIRST_YEAR + days / 366;
    while (days_before(year + 1) <= days)
        year++;
    int64_t day = days - days_before(year);
    unsigned month = 0;
    for (; day >= days_in_month(year, month); month++)
        day -= days_in_month(year, month);

    memcpy(date, "Thu, 01 Jan 1970 00:00:00 GMT", HTTP_DATE_BYTES);
    memcpy(date, weekdays[(days + 4) % 7], 3); /* the epoch was a Thursday */
    put_digits(date + 5, day + 1, 2);
    memcpy(date + 8, months[month], 3);
    put_digits(date + 12, year, 4);
    put_digits(date + 17, seconds / 3600, 2);
    put_digits(date + 20, seconds / 60 % 60, 2);
    put_digits(date + 23, seconds % 60, 2);
}

struct date {
    int64_t year, day, hour, minute, second;
    unsigned month; /* from 0 */
    bool is_short;  /* two digits of the year are known */
};

static bool take_number(struct text *text, size_t digits, int64_t *number) {
    *number = 0;
    for (; digits > 0; digits--, text->at++) {
        if (text->at == text->end || *text->at < '0' || *text->at > '9')
            return false;
        *number = *number * 10 + (*text->at - '0');
    }
    return true;
}

static bool take_name(struct text *text, const char *name, size_t length) {
    if ((size_t)(text->end - text->at) < length || memcmp(text->at, name, length) != 0)
        return false;
    text->at += length;
    return true;
}

static bool take_month(struct text *text, unsigned *month) {
    for (*month = 0; *month < 12; ++*month)
        if (take_name(text, months[*month], 3))
            return true;
    return false;
}

/* Whether it is the right one for the date is not asked: nothing hangs on it. */
static bool take_weekday(struct text *text, bool whole) {
    for (size_t i = 0; i < 7; i++)
        if (take_name(text, weekdays[i], whole ? strlen(weekdays[i]) : 3))
            return true;
    return false;
}

static bool take_clock(struct text *text, struct date *date) {
    return take_number(text, 2, &date->hour) && text_take_byte(text, ':') &&
           take_number(text, 2, &date->minute) && text_take_byte(text, ':') &&
           take_number(text, 2, &date->second);
}

/* A piece of a form: w, W weekday, short and whole; d, e day, with "0" and with a blank in front of
 * one digit; m month; y, Y year of two and of four digits; t time of day; else, itself. */
static bool take_piece(struct text *text, char piece, struct date *date) {
    switch (piece) {
    case 'w':
    case 'W':
        return take_weekday(text, piece == 'W');
    case 'd':
        return take_number(text, 2, &date->day);
    case 'e':
        return take_number(text, text_take_byte(text, ' ') ? 1 : 2, &date->day);
    case 'm':
        return take_month(text, &date->month);
    case 'y':
    case 'Y':
        date->is_short = piece == 'y';
        return take_number(text, date->is_short ? 2 : 4, &date->year);
    case 't':
        return take_clock(text, date);
    default:
        return text_take_byte(text, piece);
    }
}

/* A form that does not fit may have filled some of the date; the one that does fills all. */
static bool take_form(struct text text, const char *form, struct date *date) {
    for (; *form != '\0'; form++)
        if (!take_piece(&text, *form, date))
            return false;
    return text.at == text.end;
}

static bool take_any_form(struct text text, struct date *date) {
    return take_form(text, "w, d m Y t GMT", date)    /* IMF-fixdate */
           || take_form(text, "W, d-m-y t GMT", date) /* RFC 850's */
           || take_form(text, "w m e t Y", date);     /* asctime(3)'s */
}

/* 60 is a leap second: it counts as the first of the next minute. */
static bool is_sound(const struct date *date) {
    return date->year > 0 && date->day > 0 && date->day <= days_in_month(date->year, date->month) &&
           date->hour < 24 && date->minute < 60 && date->second <= 60;
}

static time_t time_of(const struct date *date) {
    int64_t days = days_before(date->year) + date->day - 1;
    for (unsigned month = 0; month < date->month; month++)
        days += days_in_month(date->year, month);
    return days * SECONDS_A_DAY + date->hour * 3600 + date->minute * 60 + date->second;
}

/* Two digits name the latest such year that is not over 50 years ahead. */
static void choose_century(struct date *date) {
    time_t latest = time(NULL) + seconds_in_50_years;
    for (date->year += 1900; time_of(date) <= latest;)
        date->year += 100;
    date->year -= 100;
}

bool http_read_date(const char *text, size_t length, time_t *when) {
    struct date date;
    if (!take_any_form((struct text){text, text + length}, &date))
        return false;
    if (date.is_short)
        choose_century(&date);
    if (!is_sound(&date))
        return false;
    *when = time_of(&date);
    return true;
}

/* ---- Response heads ---- */

const char http_continue[] = "HTTP/1.1 100 Continue\r\n\r\n";

const char *http_reason(int status) {
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {204, "No Content"},
        {206, "Partial Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

struct output {
    char *at;
    char *end;
    bool full; /* something did not fit, so nothing is of use */
};

static void put_bytes(struct output *output, const char *bytes, size_t length) {
    if ((size_t)(output->end - output->at) < length) {
        output->full = true;
        return;
    }
    memcpy(output->at, bytes, length);
    output->at += length;
}

static void put(struct output *output, const char *text) {
    put_bytes(output, text, strlen(text));
}

static void put_number(struct output *output, int64_t number) {
    char digits[20];
    char *first = digits + sizeof digits;
    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    put_bytes(output, first, (size_t)(digits + sizeof digits - first));
}

/* Thousands of heads are written within a second, all with the same date: kept, it costs a head 15 ns
 * less of some 80 for a whole small answer. Each thread keeps its own, so that none waits for it. */
static void put_date(struct output *output, time_t now) {
    static _Thread_local struct {
        time_t when;
        char date[HTTP_DATE_BYTES];
    } last = {0, "Thu, 01 Jan 1970 00:00:00 GMT"};
    if (last.when != now) {
        last.when = now;
        http_write_date(last.date, now);
    }
    put_bytes(output, last.date, HTTP_DATE_BYTES - 1);
}

/* Never both, and never either for 204 and 304: RFC 9110, section 8.6; RFC 9112, section 6.1. */
static void put_length(struct output *output, int64_t length) {
    if (length == HTTP_LENGTH_CHUNKED)
        put(output, "Transfer-Encoding: chunked\r\n");
    if (length < 0)
        return;
    put(output, "Content-Length: ");
    put_number(output, length);
    put(output, "\r\n");
}

/* To keep is what 1.1 does and 1.0 must be told (RFC 9112, section 9.3). A body that ends with the
 * connection leaves nothing to keep. */
static void put_connection(struct output *output, const struct http_head *head) {
    if (!head->keep_alive || head->length == HTTP_LENGTH_UNTIL_CLOSE)
        put(output, "Connection: close\r\n");
    else if (head->minor == 0)
        put(output, "Connection: keep-alive\r\n");
}

static void put_type(struct output *output, const char *type) {
    put(output, "Content-Type: ");
    put(output, type);
    put(output, "\r\n");
}

int http_write_head(char *buffer, size_t size_bytes, const struct http_head *head, time_t now) {
    struct output output = {buffer, buffer + size_bytes, false};

    put(&output, "HTTP/1.1 "); /* ours, whatever the request's: RFC 9110, section 6.2 */
    put_number(&output, head->status);
    put(&output, " ");
    put(&output, http_reason(head->status));
    put(&output, "\r\nDate: ");
    put_date(&output, now);
    put(&output, "\r\n");
    if (head->type != NULL)
        put_type(&output, head->type);
    put_length(&output, head->length);
    put_connection(&output, head);
    if (head->fields != NULL)
        put(&output, head->fields);
    put(&output, "\r\n");

    if (output.full) {
        errno = ENOBUFS;
        return -1;
    }
    return (int)(output.at - buffer);
}
