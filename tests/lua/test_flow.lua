-- Batches: ImageDataGenerator and its flows.
local lu = require "luaunit"
local pneuma = require "pneuma"
local image, tensor, stage, data = pneuma.image, pneuma.tensor, pneuma.stage, pneuma.data
local folder = require("support").folder

local function fails(message, f, ...)
  local ok, err = pcall(f, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), message)
  return err
end

local function shape(x)
  return table.concat({table.unpack(x.shape)}, "x")
end

-- Calls f and returns what it printed, and what it returned.
local function printed(f, ...)
  local lines, real = {}, print
  print = function(...) lines[#lines + 1] = table.concat({...}, "\t") end
  local results = table.pack(pcall(f, ...))
  print = real
  if not results[1] then error(results[2], 0) end
  return table.concat(lines, "\n"), table.unpack(results, 2)
end

local function quietly(f, ...)
  return select(2, printed(f, ...))
end

-- Two classes: five images of class B (in one of them a folder below), two of class A.
local function standard()
  local dir = folder()
  dir:make("train/A")
  dir:make("train/B/more")
  local function write(name, value)
    image.write{tensor.full{9, 12, value = value, dtype = "uint8"}, dir:path("train/" .. name)}
  end
  write("A/a2.png", 10)
  write("A/a1.PNG", 20)
  for k = 1, 4 do write(("B/person%d_virus_%d.jpeg"):format(k // 2, k), 30 * k + 10) end
  write("B/more/b0.bmp", 200)
  dir:write("train/B/notes.txt", "not an image")
  dir:write("train/B/.hidden.png", "not seen")
  return dir
end

TestDirectory = {}

function TestDirectory:setUp()
  self.dir = standard()
  self.train = self.dir:path("train")
  self.gen = data.ImageDataGenerator{rescale = 1/255}
end

function TestDirectory:tearDown()
  self.dir:remove()
end

function TestDirectory:flow(options)
  options[1] = options[1] or self.train
  options.target_size = options.target_size or {4, 6}
  return quietly(self.gen.flow_from_directory, self.gen, options)
end

function TestDirectory:test_keras_says_what_it_found()
  local text, flow = printed(self.gen.flow_from_directory, self.gen, {self.train .. "/"})
  lu.assertEquals(text, "Found 7 images belonging to 2 classes.")
  lu.assertEquals(flow.image_shape, {256, 256, 3})
  lu.assertEquals(flow.batch_size, 32)
  lu.assertEquals(#flow, 1)
  lu.assertEquals(flow.class_mode, "binary")
end

function TestDirectory:test_fields()
  local flow = self:flow{batch_size = 3, shuffle = false}
  lu.assertEquals(flow.samples, 7)
  lu.assertEquals(#flow, 3)
  lu.assertTrue(flow.classes:eq(tensor{0, 0, 1, 1, 1, 1, 1}):all())
  lu.assertEquals(flow.classes.dtype, "int32")
  lu.assertEquals(flow.class_names, {"A", "B"})
  lu.assertEquals(flow.class_indices.B, 1)
  lu.assertEquals(tostring(flow.class_indices), "{A = 0, B = 1}")
  local names = {}
  for name, number in pairs(flow.class_indices) do names[#names + 1] = name .. number end
  lu.assertEquals(names, {"A0", "B1"})
  lu.assertEquals(flow.filenames[1], "A/a1.PNG")
  lu.assertEquals(flow.filenames[7], "B/more/b0.bmp")
  lu.assertEquals(flow.paths[7], self.train .. "/B/more/b0.bmp")
  lu.assertStrContains(tostring(flow), "7 samples of shape (4, 6, 3), in 3 batches of 3")
end

function TestDirectory:test_batches()
  local flow = self:flow{batch_size = 3, shuffle = false}
  local x, y = flow:batch{}
  lu.assertEquals(shape(x), "3x4x6x3")
  lu.assertEquals(shape(y), "3")
  lu.assertTrue((x[1] * 255 - 20):abs():max() < 1e-4)
  lu.assertTrue(y:eq(tensor{0, 0, 1}):all())
  x, y = flow:batch{3}
  lu.assertEquals(shape(x), "1x4x6x3")
  lu.assertTrue((x * 255 - 200):abs():max() < 1e-4 and y:eq(1):all())
  local seen = {}
  for k, bx, by in flow:take{2} do seen[k] = shape(bx) .. " " .. shape(by) end
  lu.assertEquals(seen, {"3x4x6x3 3", "3x4x6x3 3"})
  local count = 0
  for _ in flow:take{n = 9} do count = count + 1 end
  lu.assertEquals(count, 3)
  fails("there is no batch 4; an epoch has 3", flow.batch, flow, {4})
  fails("n must be a whole number from 1, not 0", flow.batch, flow, {0})
  fails("call batch with a colon: flow:batch", flow.batch)
end

function TestDirectory:test_class_modes()
  lu.assertEquals(shape(select(2, self:flow{class_mode = "categorical"}:batch{})), "7x2")
  lu.assertEquals(shape(select(2, self:flow{class_mode = "sparse"}:batch{})), "7")
  lu.assertNil(select(2, self:flow{class_mode = "none"}:batch{}))
  local x, y = self:flow{class_mode = "input", color_mode = "grayscale"}:batch{}
  lu.assertEquals(shape(y), "7x4x6x1")
  lu.assertTrue(x:eq(y):all())
  fails('class_mode must be one of "binary", "categorical"', self.gen.flow_from_directory, self.gen,
    {self.train, class_mode = "raw"})
end

function TestDirectory:test_the_seed_and_the_epoch_decide()
  local a, b = self:flow{seed = 4, batch_size = 7}, self:flow{seed = 4, batch_size = 7}
  local x = a:batch{epoch = 2}
  lu.assertTrue(x:eq(b:batch{epoch = 2}):all())
  lu.assertTrue(x:eq(a:batch{epoch = 2}):all())
  lu.assertFalse(x:eq(a:batch{}):all())
  lu.assertFalse(x:eq(self:flow{seed = 5, batch_size = 7}:batch{epoch = 2}):all())
end

function TestDirectory:test_subsets()
  self.gen = data.ImageDataGenerator{validation_split = 0.5}
  local text, val = printed(self.gen.flow_from_directory, self.gen,
    {self.train, target_size = {2, 2}, subset = "validation"})
  lu.assertEquals(text, "Found 3 images belonging to 2 classes.")
  local train = self:flow{subset = "training"}
  lu.assertEquals(train.samples, 4)
  lu.assertEquals(val.filenames[1], "A/a1.PNG")
  lu.assertEquals(train.filenames[1], "A/a2.png")
  fails('subset must be one of "training", "validation", not "trainin"; did you mean "training"?',
    self.flow, self, {subset = "trainin"})
  self.gen = data.ImageDataGenerator{}
  fails("subset needs an ImageDataGenerator with a validation_split", self.flow, self,
    {subset = "training"})
end

function TestDirectory:test_chosen_classes()
  local flow = self:flow{classes = {"B", "A"}, shuffle = false}
  lu.assertEquals(flow.class_indices.A, 1)
  lu.assertEquals(flow.filenames[7], "A/a2.png")
  fails("has no class 'Cat'; it has: A, B", self.flow, self, {classes = {"A", "Cat"}})
  fails("classes must be a list", self.flow, self, {classes = "A"})
end

function TestDirectory:test_wrong_folders()
  local err = fails("nowhere", self.flow, self, {self.dir:path("nowhere")})
  lu.assertEquals(err.kind, "not found")
  lu.assertStrContains(err.path, "nowhere")
  fails("has no class folders, but train; did you mean its subfolder 'train'?", self.flow, self,
    {self.dir.name})
  self.dir:make("test/A")
  fails("has no class folders, but test, train; did you mean its subfolder 'train'?", self.flow,
    self, {self.dir.name})
  fails("has no class folders, but 2 images; did you mean the folder above it?", self.flow, self,
    {self.train .. "/A"})
  self.dir:make("empty")
  fails("has no class folders: expected one for each class", self.flow, self,
    {self.dir:path("empty")})
  fails("takes a folder first", self.gen.flow_from_directory, self.gen, {})
  local flat = self.train -- classes alone
  fails("expected '" .. flat .. "' to have train, val and test", self.gen.flow_from_directory,
        self.gen, {flat .. "/train"})
  fails("train, val = ds:split{val = 0.2}, and gen:flow_from_dataset{train}",
        self.gen.flow_from_directory, self.gen, {flat .. "/val"})
  fails("has no option 'batchsize'; did you mean 'batch_size'?", self.flow, self, {batchsize = 2})
  fails("target_size must be {height, width}", self.flow, self, {target_size = {4}})
  fails("batch_size must be a whole number from 1", self.flow, self, {batch_size = 0})
  fails("shuffle must be true or false", self.flow, self, {shuffle = 1})
  self.dir:make("train/PNEUMONIA")
  fails("train/PNEUMONIA' has no images", self.flow, self, {})
  fails("has no class 'PNEUMONA'; did you mean 'PNEUMONIA'?", self.flow, self,
    {classes = {"PNEUMONA"}})
  fails("classes names 'A' twice", self.flow, self, {classes = {"A", "B", "A"}})
end

function TestDirectory:test_three_classes_are_not_binary()
  self.dir:make("train/C")
  image.write{tensor.full{4, 4, value = 1, dtype = "uint8"}, self.dir:path("train/C/c.png")}
  lu.assertEquals(self:flow{}.class_mode, "categorical")
  fails('class_mode "binary" is for two classes, there are 3', self.flow, self,
    {class_mode = "binary"})
end

function TestDirectory:test_a_corrupt_image_is_left_out_and_told()
  self.dir:write("train/B/person0_virus_1.jpeg", "this is text")
  local flow = self:flow{batch_size = 4, shuffle = false}
  lu.assertEquals(#flow:unreadable(), 0)
  local x, y = flow:batch{1}
  lu.assertEquals(shape(x), "3x4x6x3")
  lu.assertEquals(flow:unreadable().path, {self.train .. "/B/person0_virus_1.jpeg"})
  lu.assertStrContains(flow:unreadable().reason[1], "is not an image")
  lu.assertTrue(y:eq(tensor{0, 0, 1}):all())
end

function TestDirectory:test_describe()
  local flow = self:flow{batch_size = 3, seed = -7}
  local d = flow:describe()
  lu.assertEquals(d.kind, "files")
  lu.assertEquals(d.paths, flow.paths)
  lu.assertTrue(d.y:eq(flow.classes):all())
  lu.assertNil(d.x)
  lu.assertEquals(d.class_names, {"A", "B"})
  for _, part in ipairs{'"batch_size":3', '"classes":["A","B"]', '"class_mode":"binary"',
                        '"kind":"files"', '"seed":-7', '"shuffle":true', '"target_size":[4,6]',
                        '"generator":{', '"rescale":0.00392156862745098'} do
    lu.assertStrContains(d.config, part)
  end
end

function TestDirectory:test_datasets()
  for name in ("A B/more"):gmatch("%S+") do self.dir:make("val/" .. name) end
  image.write{tensor.full{4, 4, value = 1, dtype = "uint8"}, self.dir:path("val/A/v.png")}
  local ds = stage.dataset{dir = self.dir.name}
  local function flow(options)
    options.target_size = {4, 4}
    return printed(self.gen.flow_from_dataset, self.gen, options)
  end
  local text, all = flow{ds}
  lu.assertEquals(text, "Found 7 images belonging to 2 classes.") -- 6 of train, 1 of val
  lu.assertEquals(all.class_names, {"A", "B"})
  local few = select(2, flow{ds:filter(function(row) return row.patient ~= "person1" end),
                            split = "train", shuffle = false})
  lu.assertEquals(few.filenames, {"A/a1.PNG", "A/a2.png", "B/person0_virus_1.jpeg",
                                  "B/person2_virus_4.jpeg"})
  lu.assertTrue(select(2, few:batch{}):eq(tensor{0, 0, 1, 1}):all())
  fails("takes a dataset first", flow, {{}})
  fails('split must be one of "train", "val", not "test"', flow, {ds, split = "test"})
end

TestTensors = {}

function TestTensors:test_images()
  local x = tensor.arange{0, 5 * 4 * 4 - 1}:reshape{5, 4, 4, 1}
  local y = tensor{0, 1, 0, 1, 1}
  local flow = data.ImageDataGenerator{rescale = 0.5}:flow{x, y, batch_size = 2, shuffle = false}
  lu.assertEquals(#flow, 3)
  lu.assertEquals(flow.image_shape, {4, 4, 1})
  local bx, by = flow:batch{2}
  lu.assertTrue(bx:eq(x[{{3, 4}}] * 0.5):all())
  lu.assertTrue(by:eq(tensor{0, 1}):all())
  lu.assertEquals(shape(flow:batch{3}), "1x4x4x1")
  local d = flow:describe()
  lu.assertEquals(d.kind, "tensors")
  lu.assertTrue(d.x:eq(x):all() and d.y:eq(y):all())
  fails("takes images (N, H, W, C), not x of shape (5, 16)", function()
    data.ImageDataGenerator{}:flow{x:reshape{5, 16}, y}
  end)
  fails("x is (5, 4, 4, 1) and y is (4,)", function()
    data.ImageDataGenerator{}:flow{x, y[{{1, 4}}]}
  end)
  fails("takes a tensor x first", function() data.ImageDataGenerator{}:flow{{1, 2}} end)
end

function TestTensors:test_subsets()
  local x = tensor.arange{0, 9}:reshape{10, 1, 1, 1}
  local gen = data.ImageDataGenerator{validation_split = 0.3}
  local val = gen:flow{x, subset = "validation", shuffle = false}
  local train = gen:flow{x, subset = "training", shuffle = false}
  lu.assertTrue(val:batch{}:reshape{-1}:eq(tensor{0, 1, 2}):all())
  lu.assertTrue(train:batch{}:reshape{-1}:eq(tensor{3, 4, 5, 6, 7, 8, 9}):all())
  fails('the subset "validation" is empty', gen.flow, gen, {x[{{1, 2}}], subset = "validation"})
end

function TestTensors:test_numbers_of_any_shape()
  local x = tensor{{1, 2}, {3, 4}, {5, 6}}
  local flow = data.flow{x, tensor{{1, 0}, {0, 1}, {1, 0}}, batch_size = 3, shuffle = false}
  local bx, by = flow:batch{}
  lu.assertTrue(bx:eq(x):all())
  lu.assertEquals(shape(by), "3x2")
  lu.assertNil(flow.class_names)
  -- a view works as well, and lives as long as the flow
  local view = data.flow{tensor{{1, 2}, {3, 4}}:t(), shuffle = false}
  collectgarbage()
  lu.assertTrue(view:batch{}:eq(tensor{{1, 3}, {2, 4}}):all())
  fails("no option 'subset'", data.flow, {x, subset = "training"})
end

TestGenerator = {}

function TestGenerator:test_options()
  local gen = data.ImageDataGenerator{zoom_range = {0.5, 2}, horizontal_flip = true}
  lu.assertEquals(tostring(gen), "ImageDataGenerator{horizontal_flip = true, zoom_range = {0.5, 2}}")
  lu.assertEquals(tostring(data.ImageDataGenerator()), "ImageDataGenerator{}")
  fails("has no option 'rotation'; did you mean 'rotation_range'?", data.ImageDataGenerator,
        {rotation = 2})
  fails("did you mean 'rotation_range'?", data.ImageDataGenerator, {rotation_rang = 2})
  fails("rotation_range must be degrees from 0 to 360, not -2", data.ImageDataGenerator,
    {rotation_range = -2})
  fails("option 'preprocessing_function' cannot be a function", data.ImageDataGenerator,
    {preprocessing_function = print})
  fails("takes one table", data.ImageDataGenerator, 5)
  fails("call flow with a colon", gen.flow, {})
end

function TestGenerator:test_random_transform()
  local gen = data.ImageDataGenerator{rotation_range = 90, rescale = 1/255}
  local img = tensor.uniform{16, 16, 3, seed = 1} * 255
  local a, b = gen:random_transform{img, seed = 3}, gen:random_transform{img, seed = 3}
  lu.assertEquals(shape(a), "16x16x3")
  lu.assertTrue(a:eq(b):all())
  lu.assertTrue(a:max() > 2) -- scaling is for batches
  lu.assertFalse(a:eq(gen:random_transform{img, seed = 4}):all())
  lu.assertFalse(gen:random_transform{img}:eq(gen:random_transform{img}):all())
  lu.assertEquals(shape(gen:random_transform{img[{{}, {}, 1}]}), "16x16")
  fails("takes an image (H, W) or (H, W, C), not (16,)", gen.random_transform, gen,
    {tensor.zeros{16}})
end

function TestGenerator:test_featurewise()
  local x = tensor{0, 2, 4, 6}:reshape{4, 1, 1, 1}
  local gen = data.ImageDataGenerator{featurewise_std_normalization = true}
  fails("call gen:fit{x} with some of them first", gen.flow, gen, {x})
  lu.assertIs(gen:fit{x}, gen)
  local out = gen:flow{x, shuffle = false}:batch{}
  lu.assertTrue((out:reshape{-1} * 5 ^ 0.5 - tensor{-3, -1, 1, 3}):abs():max() < 1e-4)
  fails("gen:fit takes images (N, H, W, C)", gen.fit, gen, {tensor{1}})
end

os.exit(lu.LuaUnit.run())
