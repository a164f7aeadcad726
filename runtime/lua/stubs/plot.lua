---@meta

--- Figures, drawn by gnuplot. Each function takes one table: the data without names, options by
--- name; an unknown option is refused with a suggestion. A figure shows itself as the last
--- expression of a cell, and `fig:save("x.svg")` writes it.
---
--- ```lua
--- plot.bar{{"NORMAL", "PNEUMONIA"}, {1583, 4273}, colors = {"skyblue", "salmon"}, percent = true}
--- plot.hist{a, b, bins = 256, alpha = 0.75, colors = {"blue", "red"}, legend = {"A", "B"}}
--- ```
---
--- Options that charts share: `title`, `xlabel`, `ylabel`, `legend` (an array of names, or false),
--- `colors` (CSS names or "#rrggbb"; the preset tells series apart for colour-blind people too),
--- `width` and `height` in pixels, `log` ("x", "y" or "xy", where the axis can be logarithmic).
--- Wherever numbers stand, an array or a tensor will do. Numbers that are not finite leave gaps.
---@class plot
plot = {}

---@class pneuma.Figure
---@field title string
---@field width integer in pixels
local Figure = {}

--- Saves the figure as .svg or .png. `scale`: pixels of a PNG per pixel of the figure, 1 to 4
--- (preset 2).
---@param path string
---@param options? {scale: number}
---@return pneuma.Figure
function Figure:save(path, options) end

--- The figure as one `<svg>` element that can stand in a page beside others.
---@return string
function Figure:svg() end

--- The figure as the bytes of a PNG file.
---@param options? {scale: number}
---@return string
function Figure:png(options) end

--- The figure as text for a terminal; images are half blocks in 24-bit colour.
---@param options? {width: integer, height: integer} in characters
---@return string
function Figure:text(options) end

--- One line that says what the figure shows.
---@return string
function Figure:describe() end

--- Vertical bars: `plot.bar{labels, values, ...}`; further lists of values are grouped beside the
--- first. Instead of lists: a frame (one column of labels and columns of numbers; or series, label
--- and number, one row a bar), `{NORMAL = 3, ...}`, `{train = {NORMAL = 3, ...}, ...}`, or
--- `{{"NORMAL", 3, ...}, ...}`.
---
--- `values`: numbers on the bars (preset: up to 40 bars); `percent`: each bar's share in the
--- legend; `sort`: "descending", "ascending" or "label"; `labels`: other names; `alpha`: 0.05 to 1;
--- `log = "y"`. One series with as many legend names or colours as bars: one for each bar.
---@param arguments table
---@return pneuma.Figure
function plot.bar(arguments) end

--- Horizontal bars, the first label on top; as `plot.bar`, with `log = "x"`. On a logarithmic axis
--- a bar of 0 is absent and labelled 0.
---@param arguments table
---@return pneuma.Figure
function plot.barh(arguments) end

--- Histograms over each other: `plot.hist{values, ...}`. Each value list is an array or a tensor of
--- any shape, or counted already: `{counts = , edges = }`, or what `stage.histogram` returns.
---
--- `bins`: a number (preset 30) or an array of edges; each histogram has bins over its own range
--- (NumPy's rules) unless `range = {low, high}` or `shared = true`; `minmax`: least and greatest
--- value in the legend; `density`: areas of 1; `alpha`; `log = "y"`.
---@param arguments table
---@return pneuma.Figure
function plot.hist(arguments) end

--- Curves: `plot.line{y, ...}`. A list of lists, or a tensor of rank 2, is repeated runs: their mean
--- with a band of one deviation.
---
--- `x`: for all curves (preset 1, 2, ...); `bands = {deviations, ...}`: a band around each curve;
--- `stats`: mean ± deviation in the legend; `range = {low, high}` of the y axis; `log`.
---@param arguments table
---@return pneuma.Figure
function plot.line(arguments) end

--- Points: `plot.scatter{x, y}` or `plot.scatter{{x, y}, {x, y}, ...}`. `size` in pixels, `alpha`,
--- `range` of the y axis, `log`.
---@param arguments table
---@return pneuma.Figure
function plot.scatter(arguments) end

--- What `fit` returned, one panel a metric, training and validation, with mean ± deviation over the
--- epochs in the legend: `plot.history(h)`, or `plot.history{h, title = , metrics = {"loss"}, log =
--- "y", width = , colors = }`. `h` (or `h.history`) has arrays `accuracy`, `val_accuracy`, ...; a
--- frame will do. With `h.class_weight` the legend says that the training loss is class-weighted,
--- which the validation's is not.
---@param history table
---@return pneuma.Figure
function plot.history(history) end

--- ROC curves with their AUC and the line of chance: `plot.roc{y_true, y_score}`, or of several
--- `plot.roc{{y_true, a}, {y_true, b}, legend = {"scratch", "transfer"}}`; a curve may also be the
--- frame of `metrics.roc_curve`.
---@param arguments table
---@return pneuma.Figure
function plot.roc(arguments) end

--- Precision-recall curves with average precision; the dashed line is the share of positive items.
--- Arguments as for `plot.roc`.
---@param arguments table
---@return pneuma.Figure
function plot.precision_recall(arguments) end

--- Calibration curves: the share of positive items against the mean predicted probability of each
--- bin, with Wilson's 95 % intervals, and the Brier score. `n_bins` (10), `strategy`: "uniform" or
--- "quantile"; other arguments as for `plot.roc`.
---@param arguments table
---@return pneuma.Figure
function plot.calibration(arguments) end

--- A confusion matrix with counts and shares of the row in its cells: `plot.confusion_matrix{m}`, m of
--- `metrics.confusion_matrix`, or rows of numbers. `labels`: other names of the classes.
---@param arguments table
---@return pneuma.Figure
function plot.confusion_matrix(arguments) end

--- One image, a tensor (height, width) or (height, width, channels): `plot.image{img}`.
---
--- `cmap`: "gray", "viridis" or "jet", for images of one channel; `range = {low, high}` of the map;
--- `colorbar` (preset: with any map but gray); `title`; `width` of the figure and greatest `height`
--- of the image, in pixels; `reduce`: "mean" or "max", how large images become small (preset: mean;
--- images of two values, such as edge maps, keep their lines by max).
---@param arguments table
---@return pneuma.Figure
function plot.image(arguments) end

--- Many images: `plot.grid{images, cols = 3, titles = {...}}`; images is an array of tensors, of
--- unequal size if need be, or one tensor (count, height, width[, channels]). Other options as for
--- `plot.image`; all share one range of the colour map.
---@param arguments table
---@return pneuma.Figure
function plot.grid(arguments) end

--- Figures in one picture: `plot.panels{figure, figure, cols = 2, title = , width = }`.
---@param arguments table
---@return pneuma.Figure
function plot.panels(arguments) end
