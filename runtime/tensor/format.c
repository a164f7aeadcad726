#include "tensor/format.h"

#include "tensor/digits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const pn_format pn_format_default = {
    .precision = 8, .threshold = 1000, .edge_items = 3, .line_width = 75};

/* How all numbers of one tensor are written, and where the writing is. */
typedef struct printer {
    const pn_tensor *x;
    const pn_format *format;
    bool summary; /* leave out the middles of long axes */
    bool scientific;
    int precision; /* scientific: digits after the point, always all of them */
    int left;      /* width before the point, or of a whole integer */
    int right;     /* width from behind the point on */
    int exponent;  /* scientific: digits of the exponent */
    pn_text *out;  /* the lines that are done */
    pn_text line;  /* the present line */
    char word[PN_DIGITS_TEXT * 2];
} printer;

/* ---- which items are shown ---- */

static bool cuts(const printer *p, int axis) {
    return p->summary && p->x->shape[axis] > 2 * (int64_t)p->format->edge_items;
}

/* Calls visit() for each item that will be shown. */
static void each_item(printer *p, int axis, const char *data,
                      void (*visit)(printer *, const char *, void *), void *context) {
    if (axis == p->x->rank) {
        visit(p, data, context);
        return;
    }
    int64_t step = p->x->stride[axis] * (int64_t)pn_dtype_size(p->x->dtype);
    int64_t size = p->x->shape[axis], edge = p->format->edge_items;
    for (int64_t i = 0; i < size; i++) {
        if (cuts(p, axis) && i == edge) i = size - edge;
        each_item(p, axis + 1, data + i * step, visit, context);
    }
}

/* ---- float32 ---- */

typedef struct extent {
    float largest, smallest; /* of |x|, finite and not 0 */
    bool any, finite, nan, inf, negative_inf;
} extent;

static void measure(printer *p, const char *data, void *context) {
    (void)p;
    extent *e = context;
    float x;
    memcpy(&x, data, sizeof x);
    if (isnan(x)) {
        e->nan = true;
    } else if (isinf(x)) {
        e->inf = true;
        e->negative_inf |= x < 0;
    } else {
        e->finite = true;
        x = fabsf(x);
        if (x == 0) return;
        if (!e->any || x > e->largest) e->largest = x;
        if (!e->any || x < e->smallest) e->smallest = x;
        e->any = true;
    }
}

static void raise_to(int *width, int other) {
    if (other > *width) *width = other;
}

static void fit_widths(printer *p, const char *data, void *unused) {
    (void)unused;
    char text[PN_DIGITS_TEXT];
    float x;
    memcpy(&x, data, sizeof x);
    if (!isfinite(x)) return;
    if (p->scientific)
        pn_digits_scientific(x, p->format->precision, false, text);
    else
        pn_digits_positional(x, p->format->precision, text);
    int point = (int)strcspn(text, "."), end = (int)strcspn(text, "e");
    raise_to(&p->left, point);
    raise_to(p->scientific ? &p->precision : &p->right, end - point - 1);
    if (p->scientific) raise_to(&p->exponent, (int)strlen(text) - end - 2);
}

static void choose_float_form(printer *p) {
    extent e = {0};
    each_item(p, 0, p->x->data, measure, &e);
    p->scientific =
        e.any &&
        (e.largest >= 1e6f ||
         (!p->format->suppress && (e.smallest < 0.0001f || e.largest / e.smallest > 1000.0f)));
    each_item(p, 0, p->x->data, fit_widths, NULL);
    if (p->scientific) p->right = p->exponent + 2 + p->precision;
    /* nan and inf stand where the other numbers end. */
    int offset = p->right + 1;
    if (e.nan || e.inf) raise_to(&p->left, 3 + e.negative_inf - offset);
}

static void float_word(printer *p, float x) {
    char text[PN_DIGITS_TEXT];
    if (!isfinite(x)) {
        snprintf(p->word, sizeof p->word, "%*s", p->left + p->right + 1,
                 isnan(x) ? "nan"
                 : x < 0  ? "-inf"
                          : "inf");
        return;
    }
    if (!p->scientific) {
        pn_digits_positional(x, p->format->precision, text);
        int point = (int)strcspn(text, ".");
        snprintf(p->word, sizeof p->word, "%*.*s%-*s", p->left, point, text, p->right + 1,
                 text + point);
        return;
    }
    pn_digits_scientific(x, p->precision, true, text);
    int point = (int)strcspn(text, "."), end = (int)strcspn(text, "e");
    int more = p->exponent - ((int)strlen(text) - end - 2);
    snprintf(p->word, sizeof p->word, "%*.*s%.*s%.2s%.*s%s", p->left, point, text, end - point,
             text + point, text + end, more, "00", text + end + 2);
}

/* ---- integers ---- */

static int integer_of(const printer *p, const char *data) {
    int32_t x;
    if (p->x->dtype == PN_U8) return *(const uint8_t *)data;
    memcpy(&x, data, sizeof x);
    return x;
}

static void fit_integer(printer *p, const char *data, void *unused) {
    (void)unused;
    raise_to(&p->left, snprintf(NULL, 0, "%d", integer_of(p, data)));
}

/* ---- lines ---- */

static void set_word(printer *p, const char *data) {
    float x;
    if (p->x->dtype == PN_F32) {
        memcpy(&x, data, sizeof x);
        float_word(p, x);
    } else {
        snprintf(p->word, sizeof p->word, "%*d", p->left, integer_of(p, data));
    }
}

static void indent(pn_text *text, int axis) {
    for (int i = 0; i <= axis; i++) pn_text_addc(text, ' ');
}

/* Appends the word, on a new line when it does not fit on this one. */
static void put_word(printer *p, int axis) {
    int64_t width = p->format->line_width - axis - 1;
    int64_t used = (int64_t)p->line.size, wanted = used + (int64_t)strlen(p->word);
    if (used > axis + 1 && wanted > width) {
        size_t size = p->line.size;
        while (size > 0 && p->line.data[size - 1] == ' ') size--;
        pn_text_add(p->out, p->line.data, size);
        pn_text_addc(p->out, '\n');
        p->line.size = 0;
        indent(&p->line, axis);
    }
    pn_text_adds(&p->line, p->word);
}

static void put_row(printer *p, int axis, const char *data) {
    int64_t size = p->x->shape[axis], edge = p->format->edge_items;
    int64_t step = p->x->stride[axis] * (int64_t)pn_dtype_size(p->x->dtype);
    size_t before = p->out->size;
    p->line.size = 0;
    indent(&p->line, axis);
    for (int64_t i = 0; i < size; i++) {
        if (i > 0) pn_text_addc(&p->line, ' ');
        if (cuts(p, axis) && i == edge) {
            strcpy(p->word, "...");
            i = size - edge - 1;
        } else {
            set_word(p, data + i * step);
        }
        put_word(p, axis);
    }
    /* The first line follows the bracket that opens it: without the indent. */
    pn_text_add(p->out, p->line.data, p->line.failed ? 0 : p->line.size);
    if (p->out->failed) return;
    char *start = p->out->data + before;
    size_t cut = (size_t)axis + 1;
    memmove(start, start + cut, p->out->size - before - cut + 1);
    p->out->size -= cut;
}

static void put_axis(printer *p, int axis, const char *data) {
    int64_t size = p->x->shape[axis], edge = p->format->edge_items;
    int64_t step = p->x->stride[axis] * (int64_t)pn_dtype_size(p->x->dtype);
    pn_text_addc(p->out, '[');
    if (axis == p->x->rank - 1) {
        put_row(p, axis, data);
        pn_text_addc(p->out, ']');
        return;
    }
    for (int64_t i = 0; i < size; i++) {
        if (i > 0) {
            for (int k = axis + 1; k < p->x->rank; k++) pn_text_addc(p->out, '\n');
            indent(p->out, axis);
        }
        if (cuts(p, axis) && i == edge) {
            pn_text_adds(p->out, "...");
            i = size - edge - 1;
        } else {
            put_axis(p, axis + 1, data + i * step);
        }
    }
    pn_text_addc(p->out, ']');
}

static void put_single(const pn_tensor *x, const printer *p, pn_text *out) {
    char text[PN_DIGITS_TEXT];
    if (x->dtype == PN_F32) {
        pn_digits_single(*(const float *)x->data, text);
        pn_text_adds(out, text);
    } else {
        pn_text_addf(out, "%d", integer_of(p, x->data));
    }
}

pn_status pn_tensor_format(const pn_tensor *x, const pn_format *format, pn_text *text,
                           pn_error *error) {
    printer p = {.x = x, .format = format, .out = text};
    if (format->precision < 0 || format->precision > PN_DIGITS_MOST || format->edge_items < 1 ||
        format->line_width < 1)
        return pn_fail(error, PN_E_ARGUMENT,
                       "a precision is 0 to %d, edge_items and line_width are 1 or more",
                       PN_DIGITS_MOST);
    p.summary = pn_tensor_count(x) > format->threshold;
    if (pn_tensor_count(x) == 0) {
        pn_text_adds(text, "[]");
    } else if (x->rank == 0) {
        put_single(x, &p, text);
    } else {
        if (x->dtype == PN_F32)
            choose_float_form(&p);
        else
            each_item(&p, 0, x->data, fit_integer, NULL);
        put_axis(&p, 0, x->data);
    }
    if (p.line.failed) text->failed = 1;
    pn_text_free(&p.line);
    return text->failed ? pn_fail_memory(error, text->size) : PN_OK;
}
