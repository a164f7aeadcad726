-- plot.history: how a training went.
local parts = ...
local core, common, plot = parts.core, parts.common, parts.plot
local fail = common.fail

-- What a history holds beside metrics.
local others = {epoch = true, lr = true, learning_rate = true, class_weight = true,
                unweighted_loss = true, val_unweighted_loss = true} -- stands in the panel of the loss

local function metrics_of(curves, wanted)
  local rank = {accuracy = 1, loss = 2}
  local list = {}
  for _, name in ipairs(common.sorted_keys(curves)) do
    local kind = type(curves[name])
    if type(name) == "string" and not name:match("^val_") and not others[name]
       and (kind == "table" or core.shape(curves[name])) then
      list[#list + 1] = name
    end
  end
  table.sort(list, function(a, b)
    if (rank[a] or 3) ~= (rank[b] or 3) then return (rank[a] or 3) < (rank[b] or 3) end
    return a < b
  end)
  if not wanted then return list end
  for _, name in ipairs(wanted) do
    if curves[name] == nil then
      local near = core.suggest(name, list)
      fail("the history has no metric '%s'; %s", name,
           near and "did you mean '" .. near .. "'?" or "it has: " .. table.concat(list, ", "))
    end
  end
  return wanted
end

local function frame_columns(f)
  local columns = {}
  for _, name in ipairs(f:columns()) do
    if type(f[name][1]) == "number" then columns[name] = f[name] end
  end
  return columns
end

-- What the training curve of a metric is called. A loss weighted by class cannot be compared with
-- the validation's, which never is: the legend must say so.
local function train_name(metric, class_weight)
  local weighted = metric == "loss" and class_weight -- a table of weights, or "balanced"
    and (type(class_weight) ~= "table" or next(class_weight) ~= nil)
  return weighted and "train, class-weighted" or "train"
end

local function panel(curves, name, given, options)
  local figure = {stats = true, title = name, xlabel = "epoch", log = options.log,
                  legend = {}, colors = {}}
  local palette = options.colors or {"#0072b2", "#d55e00", "#56b4e9"}
  local function add(values, label, color)
    if values == nil then return end
    figure[#figure + 1] = values
    figure.legend[#figure], figure.colors[#figure] = label, color
  end
  add(curves[name], train_name(name, given.class_weight), palette[1])
  add(curves["val_" .. name], "validation", palette[2])
  if name == "loss" then -- what can be compared with the validation's
    add(curves.unweighted_loss, "train, unweighted", palette[3] or palette[1])
  end
  return plot.line(figure)
end

-- plot.history(h): one panel a metric with its training and validation curve; mean and deviation
-- over the epochs stand in the legend. h is what fit returns, or {accuracy = {...}, loss = {...},
-- val_accuracy = {...}, ...}; with options: plot.history{h, title = ...}.
function plot.history(options)
  local given = options
  if type(options) == "table" and options[1] ~= nil and not common.is_frame(options) then
    core.options(options, "plot.history", 1, {"title", "width", "metrics", "log", "colors"})
    given = options[1]
  else
    options = {}
  end
  if common.is_frame(given) then given = frame_columns(given) end
  local kind = type(given)
  if kind ~= "table" and kind ~= "userdata" then
    fail("plot.history takes what fit returned, not a %s", kind)
  end
  local curves = given.history or given
  if common.is_frame(curves) then curves = frame_columns(curves) end
  local names = metrics_of(curves, options.metrics)
  if #names == 0 then fail("plot.history has nothing to draw: no metric in the history") end
  local panels = {cols = math.min(2, #names), title = options.title, width = options.width}
  for i, name in ipairs(names) do
    panels[i] = panel(curves, name, given, options)
  end
  return plot.panels(panels)
end
