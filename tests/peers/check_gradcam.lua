-- Pneuma's side of check_gradcam.py: lua5.4 check_gradcam.lua TASK IMAGES.npy FOLDER FILE...
-- computes for the images and leaves its results in the folder.
local pneuma = require "pneuma"
local nn, tensor = pneuma.nn, pneuma.tensor
local x, folder = tensor.load(arg[2]), arg[3]

local function keep(name, result) result:save(("%s/%s.npy"):format(folder, name)) end

local function keep_maps(m, layers)
  for _, layer in ipairs(layers) do
    for _, from in ipairs{"probability", "logit"} do
      for class = 0, 1 do
        keep(("%s_%s_%d"):format(layer, from, class),
             m:gradcam{x, layer = layer, class = class, from = from})
      end
    end
  end
end

-- The most memory this process has had so far, in KiB.
local function peak()
  for line in io.lines "/proc/self/status" do
    local kilobytes = line:match "^VmHWM:%s+(%d+)"
    if kilobytes then return kilobytes end
  end
end

local function add_head(m)
  return m:add(nn.Flatten{}):add(nn.Dense{512, activation = "relu"}):add(nn.Dropout{0.5})
          :add(nn.Dense{1, activation = "sigmoid"})
end

-- For Keras to read.
local function save(m, name)
  m:compile{optimizer = "adam", loss = "binary_crossentropy", metrics = {"accuracy"}}
  m:save{("%s/%s_written.h5"):format(folder, name)}
end

local tasks = {}

-- The study's transfer model: VGG-Face up to its descriptor, one layer of the model with the head.
function tasks.transfer(weights, head)
  local vgg = nn.VGGFace{weights = weights}
  print(peak())
  local m = add_head(nn.Sequential{vgg})
  m:load_weights{head, by_name = true}
  keep("descriptor", vgg:predict(x))
  keep("probability", m:predict(x))
  keep_maps(m, {"conv2d_12"})
  save(m, "transfer")
end

-- The study's own model.
function tasks.scratch(weights)
  local m = nn.Sequential{nn.Input{224, 224, 3}}
  for _, filters in ipairs{32, 64, 128, 128} do
    m:add(nn.Conv2D{filters, 3, activation = "relu"}):add(nn.BatchNormalization{})
     :add(nn.MaxPooling2D{2})
  end
  add_head(m):load_weights{weights}
  keep("probability", m:predict(x))
  keep_maps(m, {"conv2d_3", "conv2d_1"})
  save(m, "scratch")
end

function tasks.predict(path) keep("predicted", nn.load_model{path}:predict(x)) end

tasks[arg[1]](table.unpack(arg, 4))
