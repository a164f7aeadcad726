-- plot.roc, plot.precision_recall, plot.calibration and plot.confusion_matrix: how good
-- predictions are.
local parts = ...
local core, common, figure, plot = parts.core, parts.common, parts.figure, parts.plot
local fail = common.fail
local read = core.run("metrics_read", core)
local measured = {core = core}
core.run("metrics_curves", measured)
local curves = measured.curves

local GREY = "#6b6b6b"

-- ---- reading ----

-- Labels with their scores, {y_true, y_score}; a list of numbers is none.
local function is_pair(value)
  return type(value) == "table" and not common.is_frame(value) and #value == 2
    and type(value[1]) ~= "number"
end

-- The curves that a call gives: frames with these columns, pairs of labels and scores, or one
-- pair's two lists.
local function given(options, name, columns)
  local list = {}
  if #options == 2 and not common.is_frame(options[1]) and not is_pair(options[1]) then
    list[1] = {pair = {options[1], options[2]}}
  end
  for i = 1, list[1] and 0 or #options do
    local value = options[i]
    if common.is_frame(value) then
      list[i] = {}
      for _, column in ipairs(columns) do list[i][column] = value:column(column) end
    elseif is_pair(value) then
      list[i] = {pair = value}
    else
      fail("%s: curve %d must be {y_true, y_score} or a frame with the columns %s", name, i,
           table.concat(columns, ", "))
    end
  end
  if #list == 0 then fail("%s needs labels and scores: %s{y_true, y_score}", name, name) end
  return list
end

-- Labels and scores of a pair, of two classes.
local function scored(pair, name)
  local s = read.scored(pair, name)
  if s.columns > 1 then fail("%s compares two classes, but y_score has %d columns", name, s.columns) end
  return s.truth, s.flat
end

-- ---- drawing ----

-- Leaves out points that no one could see beside the one before.
local function simplify(x, y)
  local a, b = {x[1]}, {y[1]}
  for k = 2, #x do
    local near = math.abs(x[k] - a[#a]) < 5e-4 and math.abs(y[k] - b[#b]) < 5e-4
    if not near or k == #x then a[#a + 1], b[#b + 1] = x[k], y[k] end
  end
  return a, b
end

local function write_unit(fig, script, box)
  common.write_tics(script, "x", false, 0, 1)
  common.write_tics(script, "y", false, 0, 1)
  common.write_labels(script, fig, box)
  local blocks, bars, chances, colors = {}, {}, {}, {}
  for i, c in ipairs(fig.curves) do
    blocks[i] = {simplify(c.x, c.y)}
    if c.low then bars[i] = {c.x, c.low, c.high} end
  end
  for i, line in ipairs(fig.chances) do
    chances[i], colors[i] = {line[1], line[2]}, line.color or GREY
  end
  script:number("pn_series", #blocks)
  script:block("pn_curves", blocks)
  script:number("pn_bars", #bars)
  script:block("pn_bars", #bars > 0 and bars or {{{}, {}, {}}})
  script:number("pn_chances", #chances)
  script:block("pn_chance", chances)
  script:array("pn_chancecolor", colors)
  script:string("pn_chancename", fig.chance_name)
  script:number("pn_marked", fig.points and #blocks or 0)
  script:template("eval")
end

-- A figure in the unit square. The legend has each curve's name and its number.
local function unit(options, list, fields)
  local names = common.names(options, "legend", #list, #list == 1 and "curve" or "curves")
  local legend, about = {}, {}
  for i, c in ipairs(list) do
    local name = names and names[i] or #list > 1 and "curve " .. i or nil
    local number = c.value and ("%s %.3f"):format(fields.measure, c.value) or nil
    legend[i] = name and number and ("%s (%s)"):format(name, number) or name or number or "curve"
    about[i] = legend[i]
  end
  fields.curves = list
  fields.legend = options.legend ~= false and legend or nil
  fields.title = common.text(options, "title")
  fields.xlabel = options.xlabel and common.text(options, "xlabel") or fields.xlabel
  fields.ylabel = options.ylabel and common.text(options, "ylabel") or fields.ylabel
  fields.colors = common.colors(options.colors, #list)
  fields.about, fields.write = table.concat(about, "; "), write_unit
  local entries = table.move(legend, 1, #legend, 1, {})
  entries[#entries + 1] = fields.chance_name
  local title = fields.title ~= "" and 26 or 0
  fields.width, fields.height_for = common.size(options, 460, function(w) return w + 12 + title end,
                                                entries)
  for i, line in ipairs(fields.chances) do
    if #fields.chances > 1 then line.color = fields.colors[i] end
  end
  return figure(fields)
end

-- ---- curves ----

-- plot.roc{y_true, y_score}, or of several: plot.roc{{y_true, a}, {y_true, b}, legend = {...}}.
function plot.roc(options)
  local name = "plot.roc"
  common.options(options, name, 64, {})
  local list = given(options, name, {"fpr", "tpr"})
  for _, c in ipairs(list) do
    if c.pair then
      local truth, scores = scored(c.pair, name)
      read.both_classes(truth, "the ROC curve")
      c.fpr, c.tpr = curves.roc(truth, scores, true)
    end
    c.x, c.y, c.value = c.fpr, c.tpr, curves.area(c.fpr, c.tpr)
  end
  return unit(options, list, {
    kind = "ROC curve", measure = "AUC", chances = {{{0, 1}, {0, 1}}}, chance_name = "chance",
    xlabel = "1 - specificity", ylabel = "sensitivity",
  })
end

-- Each precision holds from its recall down to the next.
local function steps(precision, recall)
  local x, y = {}, {}
  for k = 1, #recall do
    if k > 1 then x[#x + 1], y[#y + 1] = recall[k], precision[k - 1] end
    x[#x + 1], y[#y + 1] = recall[k], precision[k]
  end
  return x, y
end

-- plot.precision_recall: as plot.roc, with average precision; the dashed lines are the shares of
-- positive items, which chance would give.
function plot.precision_recall(options)
  local name = "plot.precision_recall"
  common.options(options, name, 64, {})
  local list, chances, seen = given(options, name, {"precision", "recall"}), {}, {}
  for i, c in ipairs(list) do
    if c.pair then
      local truth, scores = scored(c.pair, name)
      read.both_classes(truth, "recall", 1)
      c.precision, c.recall = curves.precision_recall(truth, scores)
    end
    c.x, c.y = steps(c.precision, c.recall)
    c.value = curves.average_precision(c.precision, c.recall)
    chances[i] = {{0, 1}, {c.precision[1], c.precision[1]}}
    seen[c.precision[1]] = true
  end
  if next(seen, next(seen)) == nil then chances = {chances[1]} end
  return unit(options, list, {
    kind = "Precision-recall curve", measure = "AP", chances = chances, chance_name = "chance",
    xlabel = "recall", ylabel = "precision",
  })
end

-- plot.calibration: the share of positive items against what was predicted, with Wilson's 95 %
-- intervals; options n_bins and strategy as metrics.calibration_curve has them.
function plot.calibration(options)
  local name = "plot.calibration"
  common.options(options, name, 64, {"n_bins", "strategy"})
  local bins = read.whole(options, name, "n_bins", 10, 1, 1000)
  local strategy = read.word(options, name, "strategy", "uniform", {"uniform", "quantile"})
  local list = given(options, name, {"prob_true", "prob_pred", "count"})
  for _, c in ipairs(list) do
    if c.pair then
      local truth, scores = scored(c.pair, name)
      read.check_probabilities(scores, 1, name)
      c.prob_true, c.prob_pred, c.count = curves.calibration(truth, scores, bins, strategy)
      c.value = core.measure("brier", 0, truth, scores)
    end
    c.x, c.y, c.low, c.high = c.prob_pred, c.prob_true, {}, {}
    for k, n in ipairs(c.count) do
      c.low[k], c.high[k] = curves.wilson(math.floor(c.y[k] * n + 0.5), n, 0.95)
    end
  end
  return unit(options, list, {
    kind = "Calibration curve", measure = "Brier", chances = {{{0, 1}, {0, 1}}},
    chance_name = "perfectly calibrated", points = true,
    xlabel = "mean predicted probability", ylabel = "share of positive items",
  })
end

-- ---- confusion matrix ----

-- Names and rows of a frame as metrics.confusion_matrix makes it.
local function from_frame(f)
  local names, rows = {}, {}
  for i, column in ipairs(f:columns()) do
    if i > 1 then
      names[i - 1] = column
      for t, v in ipairs(f:column(column)) do
        rows[t] = rows[t] or {}
        rows[t][i - 1] = v
      end
    end
  end
  return names, rows
end

local function from_rows(value, name)
  local shape, rows = core.shape(value), {}
  if shape and #shape ~= 2 or not shape and type(value) ~= "table" then
    fail("%s takes a frame of metrics.confusion_matrix or rows of numbers", name)
  end
  local flat = shape and core.numbers(value, "the matrix")
  for t = 1, shape and shape[1] or #value do
    rows[t] = shape and table.move(flat, (t - 1) * shape[2] + 1, t * shape[2], 1, {})
      or core.numbers(value[t], "row " .. t .. " of the matrix")
  end
  local names = {}
  for t in ipairs(rows) do names[t] = tostring(t - 1) end
  return names, rows
end

local function check_square(rows, count, name)
  if count == 0 then fail("%s has nothing to draw: no classes", name) end
  for t, row in ipairs(rows) do
    if #row ~= count or #rows ~= count then
      fail("%s: the matrix must be square, but it has %d rows and row %d has %d numbers", name, #rows,
           t, #row)
    end
    for _, v in ipairs(row) do
      if type(v) ~= "number" or not (v >= 0 and v < math.huge) then
        fail("%s: the numbers must be 0 or above, not %s", name, tostring(v))
      end
    end
  end
end

-- From nearly white to dark blue.
local function shade(share)
  local low, high, value = {0xf1, 0xf5, 0xfa}, {0x08, 0x51, 0x9c}, 0
  for k = 1, 3 do value = value * 256 + math.floor(low[k] + (high[k] - low[k]) * share + 0.5) end
  return value
end

-- What stands in a cell: a count with its share of the row, or a share alone.
local function cell_text(v, share, whole)
  if not whole then return ("%.2f"):format(v) end
  return ("%d\n%.1f %%"):format(v, 100 * share)
end

local TIC = 7.5 -- pixels of a letter beside an axis

-- The names as they stand beside the axes of a matrix of this width; how long the longest is; and
-- whether those below must be slanted.
local function tics_of(fig, width)
  local names, longest = {}, 0
  for i, text in ipairs(fig.names) do
    names[i] = common.shorten(text, 22)
    longest = math.max(longest, common.length(names[i]))
  end
  local room = (width - 75 - longest * TIC) / #names - 6
  return names, longest, longest * TIC > room
end

-- As high as it must be for square cells.
local function matrix_height(fig, width)
  local _, longest, slanted = tics_of(fig, width)
  local below = 50 + (slanted and longest * TIC * 0.6 or 0)
  return width - 75 - longest * TIC + below + (fig.title ~= "" and 44 or 12)
end

local function write_matrix(fig, script, box)
  local cells, numbers, texts = {{}, {}, {}, {}, {}, {}, {}}, {{}, {}, {}}, {}
  for t, row in ipairs(fig.rows) do
    for p, v in ipairs(row) do
      local share = fig.shares[t][p]
      local n = #texts + 1
      for c, value in ipairs{p, t, p - 0.5, p + 0.5, t - 0.5, t + 0.5, shade(share)} do
        cells[c][n] = value
      end
      numbers[1][n], numbers[2][n], numbers[3][n] = p, t, share > 0.5 and 0xffffff or 0x222222
      texts[n] = cell_text(v, share, fig.whole)
    end
  end
  local names, _, slanted = tics_of(fig, box.width)
  common.write_tics(script, "x", false, 0, 1)
  common.write_tics(script, "y", false, 0, 1)
  common.write_labels(script, fig, box)
  script:number("pn_count", #names)
  script:array("pn_name", names, true)
  script:number("pn_rotate", slanted)
  script:number("pn_lift", fig.whole and 0.5 or 0)
  script:block("pn_cells", {cells})
  script:block("pn_numbers", {numbers})
  script:array("pn_number", texts)
  script:template("matrix")
end

-- As characters: a line a class.
local function matrix_lines(fig)
  local widest, lines = 0, {fig.title ~= "" and fig.title or nil}
  for _, text in ipairs(fig.names) do widest = math.max(widest, common.length(text)) end
  local function cell(text) return (" "):rep(widest + 2 - common.length(text)) .. text end
  local wide = math.max(widest, #"true")
  local head = "true" .. (" "):rep(wide - 4)
  for _, text in ipairs(fig.names) do head = head .. cell(text) end
  lines[#lines + 1] = head .. "  (predicted)"
  for t, row in ipairs(fig.rows) do
    local line = fig.names[t] .. (" "):rep(wide - common.length(fig.names[t]))
    for _, v in ipairs(row) do
      line = line .. cell(fig.whole and ("%d"):format(v) or ("%.2f"):format(v))
    end
    lines[#lines + 1] = line
  end
  return table.concat(lines, "\n") .. "\n"
end

-- Whether all numbers are whole, and each cell's share of its row.
local function row_shares(rows)
  local whole, shares = true, {}
  for t, row in ipairs(rows) do
    local sum = 0
    for _, v in ipairs(row) do
      sum, whole = sum + v, whole and v == math.floor(v)
    end
    shares[t] = {}
    for p, v in ipairs(row) do shares[t][p] = sum > 0 and v / sum or 0 end
  end
  return whole, shares
end

-- plot.confusion_matrix{m}: m is what metrics.confusion_matrix returns, or rows of numbers; option
-- `labels` names the classes.
function plot.confusion_matrix(options)
  local name = "plot.confusion_matrix"
  common.options(options, name, 1, {"labels"})
  if options[1] == nil then fail("%s needs a matrix: %s{metrics.confusion_matrix{...}}", name, name) end
  local names, rows
  if common.is_frame(options[1]) then
    names, rows = from_frame(options[1])
  else
    names, rows = from_rows(options[1], name)
  end
  check_square(rows, #rows, name)
  names = common.names(options, "labels", #rows, "classes") or names
  local whole, shares = row_shares(rows)
  local about = {}
  for t, row in ipairs(rows) do
    local parts_of = {}
    for p, v in ipairs(row) do parts_of[p] = common.number(v) end
    about[t] = names[t] .. " " .. table.concat(parts_of, ", ")
  end
  local fig = {
    kind = "Confusion matrix", names = names, rows = rows, whole = whole, shares = shares,
    title = common.text(options, "title"), write = write_matrix, lines = matrix_lines,
    xlabel = options.xlabel and common.text(options, "xlabel") or "predicted class",
    ylabel = options.ylabel and common.text(options, "ylabel") or "true class",
    colors = common.colors(options.colors, 1), about = table.concat(about, "; "),
  }
  local _, longest = tics_of(fig, 400)
  local preset = 75 + longest * TIC + #rows * math.max(64, 130 - 12 * #rows)
  fig.width, fig.height_for = common.size(options, math.min(900, preset // 1), function(w)
    return matrix_height(fig, w)
  end)
  return figure(fig)
end
