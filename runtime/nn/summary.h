/* summary(), character for character as Keras 2.15 prints it. */
#ifndef PN_NN_SUMMARY_H
#define PN_NN_SUMMARY_H

#include "base/text.h"
#include "nn/model.h"

/* Appends the table: 65 columns wide, or 98 with "Connected to" where the model is no chain. */
pn_status pn_model_summary(const pn_model *model, pn_text *text, pn_error *error);

/* Appends the size of `count` float32 numbers: "36.93 MB", "704.00 Byte". */
void pn_summary_size(int64_t count, pn_text *text);

#endif
