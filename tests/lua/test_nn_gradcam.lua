-- Class activation maps and prepared images from Lua; what they are worth is tested below Lua.
local lu = require "luaunit"
local pneuma = require "pneuma"
local support = require "support"
local nn, tensor, image, data = pneuma.nn, pneuma.tensor, pneuma.image, pneuma.data

local function fails(message, f, ...)
  local ok, err = pcall(f, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), message)
end

local function model()
  local m = nn.Sequential{nn.Input{12, 10, 3}, nn.Conv2D{4, 3, activation = "relu"},
    nn.Conv2D{5, 3, activation = "relu"}, nn.GlobalAveragePooling2D{},
    nn.Dense{1, activation = "sigmoid"}, seed = 3}
  m.input = {classes = {"NORMAL", "PNEUMONIA"}}
  return m
end

local x = tensor.uniform{2, 12, 10, 3, seed = 5}

TestGradcam = {}

function TestGradcam:test_one_image_and_a_batch()
  local m = model()
  local maps, output = m:gradcam{x, class = "PNEUMONIA", from = "logit"}
  lu.assertEquals(maps.shape, {2, 8, 6})
  lu.assertTrue((output - m:predict{x}):abs():max() < 1e-6)
  local map, one = m:gradcam{x[2], class = 1, from = "logit"}
  lu.assertEquals(map.shape, {8, 6})
  lu.assertEquals(one.shape, {1})
  lu.assertTrue((map - maps[2]):abs():max() < 1e-6)
end

function TestGradcam:test_layers_and_classes()
  local m = model()
  lu.assertEquals(m:gradcam{x, layer = "conv2d"}.shape, {2, 10, 8})
  lu.assertEquals(m:gradcam{x, layer = m:layer"conv2d"}.shape, {2, 10, 8})
  -- What speaks for one class speaks against the other: together more than either alone.
  local raw = {from = "logit", normalize = false, x}
  raw.class = "PNEUMONIA"
  local for_it = m:gradcam(raw)
  raw.class = "NORMAL"
  local against = m:gradcam(raw)
  lu.assertEquals((for_it * against):abs():max(), 0)
  lu.assertTrue((for_it + against):max() > 0)
end

function TestGradcam:test_what_does_not_fit()
  local m = model()
  fails("did you mean 'PNEUMONIA'?", m.gradcam, m, {x, class = "PNEUMONA"})
  fails("has no layer 'conv2d_9'", m.gradcam, m, {x, layer = "conv2d_9"})
  fails("gives (None, 1), no image", m.gradcam, m, {x, layer = "dense"})
  fails("class must be a label from 0 to 1, not 5", m.gradcam, m, {x, class = 5})
  fails("layer must be a layer of the model or its name, not a number", m.gradcam, m,
        {x, layer = 5})
  local fit = "takes images of (12, 10, 3), not (%s); m:prepare{img} makes one of any size fit"
  fails("m:gradcam: ", m.gradcam, m, {tensor.zeros{2, 12, 12, 3}})
  fails(fit:format("12, 12, 3"), m.gradcam, m, {tensor.zeros{2, 12, 12, 3}})
  fails(fit:format("30, 20, 3"), m.gradcam, m, {tensor.zeros{30, 20, 3}})
  fails(fit:format("30, 20"), m.gradcam, m, {tensor.zeros{30, 20}}) -- as image.read gives grey ones
  local _, err = pcall(m.gradcam, m, {tensor.zeros{30, 20, 3}})
  lu.assertEquals(err.kind, "shape")
  lu.assertNotStrContains(tostring(err), "stage.gradcam")
  fails("takes a tensor first", m.gradcam, m, {})
  fails("did you mean 'method'?", m.gradcam, m, {x, methods = "gradcam"})
  m.input = nil
  fails("does not know the names of its classes", m.gradcam, m, {x, class = "NORMAL"})
end

TestPrepare = {}

function TestPrepare:test_as_in_training()
  local m = model()
  m.input = {interpolation = "bilinear", rescale = 0.5}
  local img = (tensor.uniform{24, 20, seed = 2} * 255):cast("uint8")
  local got = m:prepare{img}
  lu.assertEquals(got.shape, {1, 12, 10, 3})
  local want = image.rgb(image.resize{img, {12, 10}, method = "bilinear"}):cast("float32") * 0.5
  lu.assertEquals((got[1] - want):abs():max(), 0)
  lu.assertEquals(m:prepare{{img, img}}.shape, {2, 12, 10, 3})
end

-- A batch of a data generator and m:prepare of the same file hold the same numbers: of a colour JPEG
-- both take the grey that the file has, not that of its colours, which is another by rounding.
function TestPrepare:test_files_as_a_generator_has_them()
  local dir = support.folder()
  dir:make("A")
  local noise = (tensor.uniform{60, 50, 3, seed = 4} * 255):cast("uint8")
  for _, name in ipairs{"noise.jpg", "noise.png", "noise.bmp"} do
    image.write{noise, dir:path("A/" .. name), quality = name == "noise.jpg" and 90 or nil}
  end
  dir:write("A/wide.ppm", "P6 40 30 40000\n" .. string.rep("\1\2\120\33\44\155\66\7", 900))
  for _, channels in ipairs{1, 3} do
    for _, filter in ipairs{"nearest", "bilinear"} do
      local m = nn.Sequential{nn.Input{24, 20, channels}, nn.Conv2D{1, 3}}
      m.input = {interpolation = filter, rescale = 1 / 255}
      local flow = data.ImageDataGenerator{rescale = 1 / 255}:flow_from_directory{dir.name,
        target_size = {24, 20}, color_mode = channels == 1 and "grayscale" or "rgb",
        interpolation = filter, shuffle = false, class_mode = "none"}
      lu.assertEquals((flow:batch{1} - m:prepare{flow.paths}):abs():max(), 0)
    end
  end
  local colors = image.read{dir:path("A/noise.jpg")}
  lu.assertTrue(image.gray(colors):ne(image.read{dir:path("A/noise.jpg"), channels = 1}):any())
  dir:remove()
end

function TestPrepare:test_what_does_not_fit()
  local m = model()
  fails("this one is float32", m.prepare, m, {tensor.zeros{24, 20}})
  fails("an image or a path", m.prepare, m, {})
  fails("an image or a path", m.prepare, m, {tensor.zeros{24}})
  local rows = nn.Sequential{nn.Input{4}, nn.Dense{1}}
  fails("takes no images", rows.prepare, rows, {tensor.zeros{24, 20, dtype = "uint8"}})
end

TestClone = {}

function TestClone:test_another_input()
  local m = nn.Sequential{nn.Input{12, 10, 3}, nn.Conv2D{4, 3}, seed = 1}
  local wide = m:clone{input_shape = {20, 30, 3}}
  lu.assertEquals(wide.output_shape, {18, 28, 4})
  lu.assertEquals((wide:get_weights()[1] - m:get_weights()[1]):abs():max(), 0)
  local head = model():clone()
  fails("input_shape must hold whole numbers", m.clone, m, {input_shape = {20, 0, 3}})
  fails("got (None, 30)", m.clone, m, {input_shape = {30}})
  lu.assertEquals(head:count_params(), model():count_params())
end

function TestClone:test_pretrained_names_are_told()
  fails("comes with Pneuma", nn.pretrained, {"no_such_model"})
end

os.exit(lu.LuaUnit.run())
