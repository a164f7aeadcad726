-- The module metrics: how good predictions are. One form of call, metrics.f{y_true, y_pred, ...};
-- metrics.f(y_true, y_pred) is the same without options.
local core = ...
local read = core.run("metrics_read", core)

local metrics = {}

-- Adds a function to the module: it is called with its options checked, and its name for messages.
local function define(name, positional, names, f)
  metrics[name] = function(options, second)
    if second ~= nil then options = {options, second} end
    core.options(options, "metrics." .. name, positional, names)
    return f(options, name)
  end
end

-- A frame as HTML.
local function html(f)
  return getmetatable(f).__mime["text/html"](f)
end

local parts = {core = core, read = read, define = define, html = html, metrics = metrics}
for _, name in ipairs{"metrics_record", "metrics_labels", "metrics_report", "metrics_curves",
                      "metrics_scores", "metrics_intervals", "metrics_cam"} do
  core.run(name, parts)
end
return metrics
