-- nn: VGG-Face as DeepFace builds it (Parkhi, Vedaldi and Zisserman 2015).
local core = ...
local nn = core.nn

local function build(options)
  local m = nn.Sequential{nn.Input{224, 224, 3, name = "zero_padding2d_input"},
                          name = options.name or "vgg_face", seed = options.seed}
  for block, filters in ipairs{64, 128, 256, 512, 512} do
    for _ = 1, block <= 2 and 2 or 3 do
      m:add(nn.ZeroPadding2D{1}):add(nn.Conv2D{filters, 3, activation = "relu"})
    end
    m:add(nn.MaxPooling2D{2, 2})
  end
  m:add(nn.Conv2D{4096, 7, activation = "relu"}):add(nn.Dropout{0.5})
  m:add(nn.Conv2D{4096, 1, activation = "relu"}):add(nn.Dropout{0.5})
  m:add(nn.Conv2D{2622, 1}):add(nn.Flatten{}):add(nn.Activation{"softmax"})
  return m
end

-- nn.VGGFace{weights = "vgg_face_weights.h5", cut = true}: without weights they are random; cut
-- (the default) ends it at its descriptor, the second convolution of 4096.
return function(options)
  options = options or {}
  core.options(options, "nn.VGGFace", 1, {"weights", "cut", "name", "seed"})
  local weights = options.weights or options[1]
  local m = build(options)
  if weights ~= nil then m:load_weights{weights} end
  if options.cut == false then return m end
  return nn.Model{inputs = m.inputs, outputs = m:layer"conv2d_14".output, name = m.name,
                  seed = options.seed}
end
