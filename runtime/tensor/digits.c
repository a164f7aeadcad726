#include "tensor/digits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 0.d1 d2 d3 ... times ten to the power `point`. */
typedef struct decimal {
    char digit[PN_DIGITS_TEXT];
    int count, point;
} decimal;

/* Reads what printf's %e wrote of a positive number, whatever the locale's decimal point is. */
static void read_decimal(const char *text, decimal *d) {
    const char *e = strchr(text, 'e');
    d->count = 0;
    for (const char *c = text; c < e; c++)
        if (*c >= '0' && *c <= '9') d->digit[d->count++] = *c;
    d->point = 1 + (int)strtol(e + 1, NULL, 10);
    while (d->count > 1 && d->digit[d->count - 1] == '0') d->count--;
}

/* Adds one to the last digit. */
static void step_up(decimal *d) {
    int i = d->count - 1;
    while (i >= 0 && d->digit[i] == '9') i--;
    if (i < 0) {
        d->digit[0] = '1';
        d->count = 1;
        d->point++;
    } else {
        d->digit[i]++;
        d->count = i + 1;
    }
}

static float value_of(const decimal *d) {
    char text[PN_DIGITS_TEXT + 16];
    snprintf(text, sizeof text, "%.*se%d", d->count, d->digit, d->point - d->count);
    return strtof(text, NULL);
}

/* The fewest digits that read back as x > 0. The nearest decimal of n digits does it, but for
 * powers of two: the numbers below one are twice as near as those above it, so that the next
 * decimal above may read back when the nearest, below, does not. */
static void shortest(float x, decimal *d) {
    int exponent;
    bool power = frexpf(x, &exponent) == 0.5f;
    /* Up to 6 digits always survive in normal numbers: zeros behind are cut off anyway. */
    for (int n = x < 1.1754944e-38f ? 1 : 6; n <= 9; n++) {
        char text[PN_DIGITS_TEXT];
        snprintf(text, sizeof text, "%.*e", n - 1, (double)x);
        read_decimal(text, d);
        if (value_of(d) == x) return;
        if (!power) continue;
        while (d->count < n) d->digit[d->count++] = '0';
        step_up(d);
        if (value_of(d) == x) return;
    }
}

/* Digits of |x|, at most `digits` of them: the shortest, else correctly rounded. */
static void round_to(float x, int digits, decimal *d) {
    x = fabsf(x);
    if (x == 0) {
        *d = (decimal){.digit = "0", .count = 1, .point = 1};
        return;
    }
    shortest(x, d);
    if (d->count <= digits) return;
    char text[PN_DIGITS_TEXT];
    snprintf(text, sizeof text, "%.*e", digits - 1, (double)x);
    read_decimal(text, d);
}

/* With more digits after the point than wanted: rounded there, from the exact number. */
static size_t rounded_positional(float x, int precision, char *text) {
    int size = snprintf(text, PN_DIGITS_TEXT, "%.*f", precision, (double)x);
    if (precision == 0) {
        text[size++] = '.';
    } else {
        while (text[size - 1] == '0') size--;
        int point = (int)strcspn(text, ".,");
        text[point] = '.';
    }
    text[size] = 0;
    return (size_t)size;
}

size_t pn_digits_positional(float x, int precision, char text[PN_DIGITS_TEXT]) {
    decimal d;
    char *to = text;
    round_to(x, PN_DIGITS_TEXT, &d);
    if (d.count - d.point > precision) return rounded_positional(x, precision, text);
    if (signbit(x)) *to++ = '-';
    if (d.point <= 0) *to++ = '0';
    for (int i = 0; i < d.point; i++) *to++ = i < d.count ? d.digit[i] : '0';
    *to++ = '.';
    if (x != 0)
        for (int i = d.point; i < d.count; i++) *to++ = i < 0 ? '0' : d.digit[i];
    *to = 0;
    return (size_t)(to - text);
}

size_t pn_digits_scientific(float x, int precision, bool all, char text[PN_DIGITS_TEXT]) {
    decimal d;
    round_to(x, precision + 1, &d);
    if (all && d.count <= precision) {
        snprintf(text, PN_DIGITS_TEXT, "%.*e", precision, (double)fabsf(x));
        read_decimal(text, &d);
        while (d.count <= precision) d.digit[d.count++] = '0';
    }
    int exponent = d.point - 1;
    int size = snprintf(text, PN_DIGITS_TEXT, "%s%c.%.*se%c%02d", signbit(x) ? "-" : "", d.digit[0],
                        d.count - 1, d.digit + 1, exponent < 0 ? '-' : '+', abs(exponent));
    return (size_t)size;
}

size_t pn_digits_single(float x, char text[PN_DIGITS_TEXT]) {
    if (isnan(x)) return (size_t)snprintf(text, PN_DIGITS_TEXT, "nan");
    if (isinf(x)) return (size_t)snprintf(text, PN_DIGITS_TEXT, x < 0 ? "-inf" : "inf");
    double size = fabs((double)x);
    if (size == 0 || (size >= 1e-4 && size < 1e6)) {
        size_t length = pn_digits_positional(x, PN_DIGITS_MOST, text);
        if (text[length - 1] == '.') text[length++] = '0';
        text[length] = 0;
        return length;
    }
    size_t length = pn_digits_scientific(x, PN_DIGITS_MOST, false, text);
    char *point = strstr(text, ".e");
    if (!point) return length;
    memmove(point, point + 1, strlen(point));
    return length - 1;
}
