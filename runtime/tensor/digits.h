/* float32 numbers as decimal text, as NumPy writes them: the fewest digits that read back as the
 * same number, fewer where a precision says so. */
#ifndef PN_TENSOR_DIGITS_H
#define PN_TENSOR_DIGITS_H

#include <stdbool.h>
#include <stddef.h>

enum { PN_DIGITS_MOST = 40, PN_DIGITS_TEXT = 128 };

/* Writes a finite x as "-12.5" or "3." (no zeros behind the last digit, always a point), with at
 * most `precision` (0 to PN_DIGITS_MOST) digits after the point. Returns the length. */
size_t pn_digits_positional(float x, int precision, char text[PN_DIGITS_TEXT]);

/* Writes a finite x as "-1.25e-07" or "3.e+00", likewise; at least two digits of exponent. With
 * `all`, exactly `precision` digits after the point: where the fewest are not enough, those of the
 * exact number follow (not zeros), as NumPy does it. */
size_t pn_digits_scientific(float x, int precision, bool all, char text[PN_DIGITS_TEXT]);

/* Writes any x as NumPy writes one number on its own: "5.0", "1e-05", "nan". */
size_t pn_digits_single(float x, char text[PN_DIGITS_TEXT]);

#endif
