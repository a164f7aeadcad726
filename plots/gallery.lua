-- Draws the pictures of plots/gallery/ from synthetic X-rays:
--   lua5.4 plots/gallery.lua [folder]
-- with the Lua module on LUA_CPATH (build/lib/lua/5.4/?.so).
local pneuma = require "pneuma"
local plot, stage, image, metrics, tensor =
  pneuma.plot, pneuma.stage, pneuma.image, pneuma.metrics, pneuma.tensor

local folder = arg[1] or "plots/gallery"
local set = stage.phantom{count = 100, pneumonia = 0.7, seed = 7}

local function save(name, figure, scale)
  figure:save(folder .. "/" .. name .. ".png", {scale = scale or 1})
end

-- The numbers (1-based) of the images of a split and a class.
local function numbers(split, class)
  local list = {}
  for i in ipairs(set.path) do
    if (not split or set.split[i] == split) and set.class[i] == class then list[#list + 1] = i end
  end
  return list
end

local function count(split, class)
  return #numbers(split, class)
end

local classes = {"NORMAL", "PNEUMONIA"}

save("bars", plot.bar{
  classes, {count(nil, "NORMAL"), count(nil, "PNEUMONIA")}, colors = {"skyblue", "salmon"},
  percent = true, title = "Images of each class", ylabel = "images"})

local series, legend = {}, {}
for k, split in ipairs{"train", "val", "test"} do
  series[k] = {count(split, "NORMAL"), count(split, "PNEUMONIA")}
  legend[k] = string.format("%s (N: %d, P: %d)", split:gsub("^%l", string.upper), table.unpack(series[k]))
end
save("distribution", plot.barh{
  classes, series[1], series[2], series[3], legend = legend, log = "x",
  title = "Classes in each split", xlabel = "images (logarithmic)"})

local pictures, names = {}, {}
for k = 1, 6 do
  local i = numbers("train", k <= 3 and "NORMAL" or "PNEUMONIA")[k]
  pictures[k], names[k] = image.read(set.path[i]), set.path[i]:match("[^/]*$")
end
save("grid", plot.grid{pictures, titles = names, cols = 3, height = 170, width = 620,
                       title = "Synthetic X-rays: normal above, pneumonia below"})
save("edges", plot.grid{stage.canny{pictures, low = 60, high = 70}, cols = 3, height = 170, width = 620,
                        titles = names, cmap = "viridis", title = "Their edges (Canny, 60 and 70)"})

local sizes, size_names = {}, {}
for _, class in ipairs(classes) do
  local widths, heights = {}, {}
  for k, i in ipairs(numbers(nil, class)) do
    widths[k], heights[k] = set.width[i], set.height[i]
  end
  table.move({widths, heights}, 1, 2, #sizes + 1, sizes)
  table.move({class .. " width", class .. " height"}, 1, 2, #size_names + 1, size_names)
end
save("sizes", plot.hist{
  sizes[1], sizes[2], sizes[3], sizes[4], legend = size_names, minmax = true, alpha = 0.5,
  colors = {"blue", "green", "red", "orange"}, title = "Sizes of the images", xlabel = "pixels",
  ylabel = "images"})

save("pixels", plot.hist{
  pictures[1], pictures[4], bins = 256, alpha = 0.75, colors = {"blue", "red"}, legend = classes,
  title = "Pixels of two images", xlabel = "intensity", ylabel = "pixels"})

local means = {}
for c, class in ipairs(classes) do
  local sum = tensor.zeros{224, 224}
  local list = numbers("train", class)
  for _, i in ipairs(list) do
    sum = sum + image.resize{image.read{set.path[i], channels = 1}, size = {224, 224}}
  end
  means[c] = sum / #list
end
save("means", plot.grid{means, titles = classes, cmap = "viridis", colorbar = true, width = 620,
                        title = "Mean image of each class"})

save("history", plot.history{{
  accuracy = {.86, .94, .96, .96, .97, .97, .98, .97, .98, .98},
  loss = {1.20, .95, .90, .88, .85, .80, .78, .75, .74, .72},
  val_accuracy = {.50, .56, .63, .50, .81, .69, .56, .88, .69, .75},
  val_loss = {9.1, 7.4, 5.2, 8.8, 2.0, 3.9, 6.7, 1.2, 3.1, 2.4}}, title = "Training"})

-- How two models that are not equally good might do: scores of 234 normal and 390 others.
local truth, scratch, transfer = {}, {}, {}
local noise = tensor.normal{624, 2, seed = 11}
for i = 1, 624 do
  truth[i] = i > 234 and 1 or 0
  scratch[i] = 1 / (1 + math.exp(-1.5 * (noise[{i, 1}] + 1.8 * truth[i] - 0.6)))
  transfer[i] = 1 / (1 + math.exp(-2 * (noise[{i, 2}] + 2.6 * truth[i] - 1.2)))
end
save("roc", plot.roc{{truth, scratch}, {truth, transfer}, legend = {"scratch", "transfer"},
                     title = "Two models on the same images"})
local called = tensor(transfer):gt(0.5)
save("confusion", plot.confusion_matrix{
  metrics.confusion_matrix{truth, called, target_names = classes}, title = "Transfer"})

local runs = {}
for r = 1, 5 do
  runs[r] = {}
  for e = 1, 20 do runs[r][e] = 0.9 - 0.5 * math.exp(-e / (3 + r)) + 0.01 * ((r * e * 7) % 5) end
end
save("runs", plot.line{runs, legend = {"mean of 5 runs ± deviation"}, xlabel = "epoch",
                       ylabel = "accuracy", title = "The same training five times"})
