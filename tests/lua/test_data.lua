-- Stages for folders of images (dataset, load, decode, canny, histogram) and the module data.
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

-- An image whose every pixel is `value`.
local function write(dir, name, value, h, w)
  image.write{tensor.full{h or 10, w or 12, value = value, dtype = "uint8"}, dir:path(name)}
end

local function standard(dir)
  for _, split in ipairs{"train", "test"} do
    for _, class in ipairs{"NORMAL", "PNEUMONIA"} do dir:make(split .. "/" .. class) end
  end
  for k = 1, 4 do
    write(dir, ("train/PNEUMONIA/person%d_virus_%d.jpeg"):format(k // 2, k), 50 * k, 10 + k, 20)
  end
  write(dir, "train/NORMAL/NORMAL2-IM-0007-0001.JPG", 1)
  write(dir, "train/NORMAL/IM-0007-0002.png", 2)
  write(dir, "test/PNEUMONIA/scan.bmp", 3)
  dir:write("train/NORMAL/notes.txt", "not counted")
  return dir
end

TestDataset = {}

function TestDataset:setUp()
  self.dir = folder()
end

function TestDataset:tearDown()
  self.dir:remove()
end

function TestDataset:test_a_usual_folder()
  local ds = stage.dataset{dir = standard(self.dir).name}
  lu.assertEquals(ds.classes, {"NORMAL", "PNEUMONIA"})
  lu.assertEquals(ds.splits, {"train", "test"})
  lu.assertEquals(#ds, 7)
  lu.assertEquals(ds.dir, self.dir.name)
  lu.assertEquals(ds.path[1], self.dir:path("train/NORMAL/IM-0007-0002.png"))
  lu.assertEquals(ds.patient, {"IM-0007", "NORMAL2-IM-0007", "person0", "person1", "person1",
                               "person2", "scan"})
  lu.assertTrue(ds.height:eq(tensor{10, 10, 11, 12, 13, 14, 10}):all())
  lu.assertTrue(ds.width[{{3, 6}}]:eq(20):all())
  lu.assertTrue(ds.channels[{{1, 1}}]:eq(1):all())
  lu.assertTrue(ds.bytes:gt(0):all())
  lu.assertStrContains(tostring(ds), "7 images, 2 classes (NORMAL, PNEUMONIA)")
end

function TestDataset:test_counts_and_paths()
  local ds = stage.dataset{dir = standard(self.dir).name}
  local counts = ds:counts()
  lu.assertEquals(counts["class"], {"NORMAL", "PNEUMONIA"})
  lu.assertEquals(counts.train, {2, 4})
  lu.assertEquals(counts.test, {0, 1}) -- an empty class counts as 0
  lu.assertEquals(#ds:paths{"train", "PNEUMONIA"}, 4)
  lu.assertEquals(ds:paths{split = "test"}, {self.dir:path("test/PNEUMONIA/scan.bmp")})
  lu.assertEquals(ds:paths{"test", "NORMAL"}, {})
  lu.assertEquals(#ds:paths(), 7)
  lu.assertEquals(ds:patients{"train", "PNEUMONIA"}, {"person0", "person1", "person2"})
  local sizes = ds:sizes{"train", "PNEUMONIA"}
  lu.assertEquals(sizes.height, {11, 12, 13, 14})
  lu.assertEquals(#sizes, 4)
  fails("did you mean 'PNEUMONIA'", ds.paths, ds, {"train", "PNEUMONI"})
  fails("there is no split 'val'", ds.paths, ds, {"val"})
  fails("has no option 'klass'", ds.paths, ds, {klass = "NORMAL"})
end

function TestDataset:test_filter()
  local ds = stage.dataset{dir = standard(self.dir).name}
  local few = ds:filter(function(row) return row.width == 20 and row.height > 11 end)
  lu.assertEquals(#few, 3)
  lu.assertEquals(few:counts().train, {0, 3})
  lu.assertEquals(shape(few.width), "3")
  lu.assertEquals(#ds, 7)
  fails("takes a function", ds.filter, ds, {})
end

function TestDataset:test_class_folders_alone()
  self.dir:make("cats")
  self.dir:make("dogs")
  write(self.dir, "dogs/1.pgm", 1)
  local ds = stage.dataset{dir = self.dir.name}
  lu.assertEquals(ds.splits, {"all"})
  lu.assertEquals(ds:counts().all, {0, 1})
end

function TestDataset:test_a_missing_colon_is_told()
  local ds = stage.dataset{dir = standard(self.dir).name}
  fails("call counts with a colon: ds:counts", ds.counts)
  fails("call columns with a colon: f:columns", ds:counts().columns, {})
end

function TestDataset:test_no_folder_and_no_images()
  local err = fails("nowhere", stage.dataset, {dir = self.dir:path("nowhere")})
  lu.assertEquals(err.kind, "stage")
  fails("expected train, val and test", stage.dataset, {dir = self.dir.name})
  self.dir:make("train")
  fails("expected train, val and test", stage.dataset, {dir = self.dir.name})
  self.dir:make("train/NORMAL")
  local ds = stage.dataset{dir = self.dir.name}
  lu.assertEquals(#ds, 0)
  lu.assertEquals(ds:counts().train, {0})
  lu.assertEquals(#ds:sample{}, 0)
  lu.assertEquals(#ds:sizes(), 0)
  fails("has no images", ds.image, ds, {"train", "NORMAL"})
end

function TestDataset:test_unreadable_files_are_listed()
  standard(self.dir)
  self.dir:write("train/NORMAL/empty.png", "")
  self.dir:write("train/NORMAL/text.jpeg", "this is text")
  self.dir:make("train/NORMAL/folder.jpeg")
  write(self.dir, "train/NORMAL/cut.jpg", 9, 40, 40)
  local bytes = self.dir:read("train/NORMAL/cut.jpg")
  self.dir:write("train/NORMAL/cut.jpg", bytes:sub(1, #bytes - 30))
  os.execute("mkfifo '" .. self.dir:path("train/NORMAL/pipe.png") .. "'")
  local ds = stage.dataset{dir = self.dir.name}
  local bad = ds:unreadable()
  lu.assertEquals(#bad, 4)
  lu.assertStrContains(bad.reason[1], "is empty")
  lu.assertStrContains(bad.reason[2], "is a folder")
  lu.assertStrContains(bad.reason[3], "not a regular file")
  lu.assertStrContains(bad.reason[4], "is not an image that Pneuma reads (it starts with \"this is text\")")
  lu.assertEquals(bad.split[1], "train")
  lu.assertEquals(bad["class"][1], "NORMAL")
  lu.assertEquals(ds:counts().train[1], 3)
  -- the truncated file has a header; only reading all of it shows that its end is missing
  local verified = stage.dataset{dir = self.dir.name, verify = true}
  lu.assertEquals(#verified:unreadable(), 5)
  lu.assertStrContains(verified:unreadable().reason[1], "is truncated")
end

function TestDataset:test_odd_names()
  local names = {"with space.png", "quote'\"$x.png", "\xff\xfe.png", "umlaut-\xc3\xa4.PNG", "a.b.png"}
  self.dir:make("train/A")
  write(self.dir, "one.png", 7)
  local bytes = self.dir:read("one.png")
  for _, name in ipairs(names) do self.dir:write("train/A/" .. name, bytes) end
  self.dir:write("train/A/.hidden.png", bytes)
  local ds = stage.dataset{dir = self.dir.name}
  table.sort(names)
  lu.assertEquals(#ds, #names)
  for k, name in ipairs(names) do lu.assertEquals(ds.path[k], self.dir:path("train/A/" .. name)) end
  lu.assertEquals(ds.patient[1], "a.b")
  local images = ds:sample{n = 5}
  lu.assertEquals(#images, 5)
  lu.assertEquals(#stage.load{ds.path, height = 4, width = 4}.failed_path, 0)
end

function TestDataset:test_a_header_behind_a_large_block()
  -- a JPEG whose comments push the size beyond what is read first, and beyond what is read next
  write(self.dir, "small.jpg", 100, 24, 32)
  local bytes = self.dir:read("small.jpg")
  local comment = "\xff\xfe" .. string.pack(">I2", 65535) .. ("x"):rep(65533)
  self.dir:make("train/A")
  self.dir:write("train/A/a.jpg", bytes:sub(1, 2) .. comment .. bytes:sub(3))
  self.dir:write("train/A/b.jpg", bytes:sub(1, 2) .. comment:rep(6) .. bytes:sub(3))
  local ds = stage.dataset{dir = self.dir.name}
  lu.assertEquals(#ds:unreadable(), 0)
  lu.assertTrue(ds.width:eq(32):all())
  lu.assertEquals(ds:sizes().bytes[2], #bytes + 6 * #comment)
end

TestSample = {}

function TestSample:setUp()
  self.dir = standard(folder())
  self.ds = stage.dataset{dir = self.dir.name}
end

function TestSample:tearDown()
  self.dir:remove()
end

function TestSample:test_the_seed_decides()
  local seen = {}
  for seed = 1, 8 do
    local a = self.ds:sample{"train", "PNEUMONIA", n = 2, seed = seed}
    local b = self.ds:sample{"train", "PNEUMONIA", n = 2, seed = seed}
    lu.assertEquals(a.names, b.names)
    lu.assertTrue(a[1]:eq(b[1]):all())
    lu.assertEquals(#a, 2)
    lu.assertEquals(a.paths[2], self.dir:path("train/PNEUMONIA/" .. a.names[2]))
    seen[table.concat(a.names)] = true
  end
  local count = 0
  for _ in pairs(seen) do count = count + 1 end
  lu.assertTrue(count > 1)
end

function TestSample:test_more_than_there_are()
  local a = self.ds:sample{"train", "PNEUMONIA", n = 9, seed = 1}
  lu.assertEquals(#a, 4)
  local names = {table.unpack(a.names)}
  table.sort(names)
  lu.assertEquals(names[1], "person0_virus_1.jpeg")
end

function TestSample:test_unreadable_ones_are_replaced()
  local path = self.dir:path("train/PNEUMONIA/person1_virus_2.jpeg")
  local file = io.open(path, "r+b")
  file:write("damaged!")
  file:close()
  for seed = 1, 5 do
    local a = self.ds:sample{"train", "PNEUMONIA", n = 3, seed = seed}
    lu.assertEquals(#a, 3)
    for _, p in ipairs(a.paths) do lu.assertNotEquals(p, path) end
  end
end

function TestSample:test_a_single_unreadable_one_is_replaced()
  local at = {split = "train", class = "PNEUMONIA"}
  local paths = self.ds:paths(at)
  local function damage(path)
    local file = io.open(path, "r+b")
    file:write("damaged!")
    file:close()
  end
  damage(paths[2])
  at.n = 2
  lu.assertEquals(select(2, self.ds:image(at)), paths[3])
  damage(paths[4])
  at.n = 4
  lu.assertEquals(select(2, self.ds:image(at)), paths[1]) -- there is none behind it
  damage(paths[1])
  damage(paths[3])
  fails("none of the 4 images can be read; the first: '" .. paths[4], self.ds.image, self.ds, at)
end

function TestSample:test_channels_and_single_images()
  lu.assertEquals(shape(self.ds:sample{"train", "PNEUMONIA", n = 1, channels = 1}[1]):match("x(%d+)"),
                  "20")
  local img, path = self.ds:image{"train", "NORMAL", n = 1, channels = 3}
  lu.assertEquals(shape(img), "10x12x3")
  lu.assertEquals(path, self.ds.path[1])
  local _, last = self.ds:image{"train", "NORMAL", n = 89}
  lu.assertEquals(last, self.ds.path[2])
  fails("n must be a whole number", self.ds.sample, self.ds, {n = 0})
  fails("channels is 0", self.ds.sample, self.ds, {channels = 2})
  fails("seed must be a whole number", self.ds.sample, self.ds, {seed = "x"})
end

TestLoad = {}

function TestLoad:setUp()
  self.dir = folder()
  write(self.dir, "a.png", 10, 6, 8)
  write(self.dir, "b.png", 20, 9, 3)
  self.dir:write("c.png", "no image")
  image.write{tensor{{0, 65535}}:cast("int32"), self.dir:path("d.pgm")}
  self.paths = {}
  for k, name in ipairs{"a.png", "c.png", "b.png", "none.png", "d.pgm"} do
    self.paths[k] = self.dir:path(name)
  end
end

function TestLoad:tearDown()
  self.dir:remove()
end

function TestLoad:test_one_tensor()
  local r = stage.load{self.paths, height = 4, width = 4, channels = 1}
  lu.assertEquals(shape(r.images), "3x4x4x1")
  lu.assertTrue(r.index:eq(tensor{1, 3, 5}):all())
  lu.assertTrue(r.images[1]:eq(10):all() and r.images[2]:eq(20):all())
  lu.assertTrue(r.images[{3, {}, 1, 1}]:eq(0):all() and r.images[{3, {}, 4, 1}]:eq(255):all())
  lu.assertEquals(r.failed_path, {self.paths[2], self.paths[4]})
  lu.assertStrContains(r.failed_reason[1], "is not an image")
  lu.assertStrContains(r.failed_reason[2], "no file")
  lu.assertEquals(shape(stage.load{self.paths, height = 2, width = 5}.images), "3x2x5x3")
end

function TestLoad:test_sixteen_bits_become_eight()
  local path = self.dir:path("wide.pgm")
  image.write{tensor{{0, 1000, 65535}}:cast("int32"), path}
  local r = stage.load{path, height = 1, width = 3, channels = 1}
  lu.assertTrue(r.images:reshape{3}:eq(tensor{0, 4, 255}):all())
end

function TestLoad:test_nothing_to_load()
  local r = stage.load{{}, height = 4, width = 4}
  lu.assertEquals(shape(r.images), "0x4x4x3")
end

function TestLoad:test_as_they_are()
  local r = stage.decode{self.paths}
  lu.assertEquals(#r.images, 3)
  lu.assertEquals(shape(r.images[1]), "6x8")
  lu.assertEquals(r.images[3].dtype, "int32")
  lu.assertEquals(#r.failed_path, 2)
  lu.assertEquals(shape(stage.decode{self.paths, channels = 3}.images[2]), "9x3x3")
end

function TestLoad:test_wrong_calls()
  fails("height", stage.load, {self.paths, width = 4})
  fails("channels is 1 (grey) or 3 (RGB)", stage.load, {self.paths, height = 4, width = 4, channels = 2})
  fails("method", stage.load, {self.paths, height = 4, width = 4, method = "cubic"})
end

TestFilters = {}

-- A white square on black.
local function square()
  local x = tensor.zeros{20, 20, dtype = "uint8"}
  x[{{6, 15}, {6, 15}}] = 255
  return x
end

function TestFilters:test_canny()
  local img = square()
  local edges = stage.canny{img, low = 60, high = 70}
  lu.assertEquals(shape(edges), "20x20")
  lu.assertEquals(edges[{1, 1}], 0)
  lu.assertTrue(edges:eq(255):sum() > 30)
  local list = stage.canny{{img, image.rgb(img), tensor.zeros{1, 1, dtype = "uint8"}}, low = 60, high = 70}
  lu.assertEquals(#list, 3)
  lu.assertTrue(list[1]:eq(edges):all() and list[2]:eq(edges):all())
  lu.assertEquals(shape(list[3]), "1x1")
  local many = {}
  for k = 1, 12 do many[k] = img end
  local all = stage.canny{many, low = 60, high = 70}
  for k = 1, 12 do lu.assertTrue(all[k]:eq(edges):all()) end
end

function TestFilters:test_canny_of_a_batch()
  local img = square()
  local batch = tensor.zeros{3, 20, 20, 1, dtype = "uint8"}
  batch[{2, {}, {}, 1}] = img
  local edges = stage.canny{batch, low = 60, high = 70}
  lu.assertEquals(shape(edges), "3x20x20")
  lu.assertTrue(edges[2]:eq(stage.canny{img, low = 60, high = 70}):all())
  lu.assertEquals(edges[1]:sum(), 0)
end

function TestFilters:test_canny_refuses()
  fails("low", stage.canny, {square()})
  fails("with 1 or 3 channels", stage.canny, {tensor.zeros{4, 4, 2, dtype = "uint8"}, low = 1, high = 2})
  fails("aperture", stage.canny, {square(), low = 1, high = 2, aperture = 4})
  fails("float32", stage.canny, {tensor.zeros{4, 4}, low = 1, high = 2})
end

function TestFilters:test_histogram()
  local h = stage.histogram{{square(), tensor{0, 1, 2, 4}}, bins = 4}
  lu.assertTrue(h.counts[1]:eq(tensor{300, 0, 0, 100}):all())
  lu.assertTrue(h.counts[2]:eq(tensor{1, 1, 1, 1}):all())
  lu.assertTrue(h.edges[2]:eq(tensor{0, 1, 2, 3, 4}):all())
  lu.assertTrue(h.min:eq(tensor{0, 0}):all() and h.max:eq(tensor{255, 4}):all())
  h = stage.histogram{tensor{-5, 1, 2, 40}, bins = 2, low = 0, high = 2}
  lu.assertTrue(h.counts:eq(tensor{0, 2}):all())
  fails("holds no number", stage.histogram, {tensor.zeros{0}})
end

TestReal = {}

-- The real X-rays, where there are some.
function TestReal:test_the_originals()
  local shared = os.getenv("PNEUMA_SHARED")
  local probe = shared and io.open(shared .. "/chest_xray_original")
  lu.skipIf(not probe, "PNEUMA_SHARED names no folder with the X-rays")
  local ds = stage.dataset{dir = shared .. "/chest_xray_original", verify = true}
  lu.assertEquals(#ds, 164)
  lu.assertEquals(#ds:unreadable(), 0)
  lu.assertEquals(ds:counts().train, {31, 81})
  local sizes = ds:sizes()
  local widest = math.max(table.unpack(sizes.width))
  lu.assertEquals(widest, 2637)
end

os.exit(lu.LuaUnit.run())
