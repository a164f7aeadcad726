-- The module image: files, sizes, colours, pictures.
local lu = require "luaunit"
local pneuma = require "pneuma"
local image, tensor = pneuma.image, pneuma.tensor
local folder = require("support").folder

local function fails(message, f, ...)
  local ok, err = pcall(f, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), message)
  return err
end

local function ramp(h, w)
  return tensor.arange{h * w}:reshape{h, w}:cast("uint8")
end

TestFiles = {}

function TestFiles:setUp()
  self.dir = folder()
end

function TestFiles:tearDown()
  self.dir:remove()
end

function TestFiles:test_png_keeps_every_pixel()
  local path = self.dir:path("a.png")
  local img = ramp(12, 20)
  image.write{img, path}
  local again = image.read(path)
  lu.assertEquals(again.dtype, "uint8")
  lu.assertEquals({again.shape[1], again.shape[2]}, {12, 20})
  lu.assertTrue(again:eq(img):all())
  local rgb = image.read{path, channels = 3}
  lu.assertEquals({rgb.shape[1], rgb.shape[2], rgb.shape[3]}, {12, 20, 3})
end

function TestFiles:test_missing_folders_are_made()
  local path = self.dir:path("new/deep/a.png")
  image.write{ramp(12, 20), path}
  lu.assertEquals(image.info(path).width, 20)
end

function TestFiles:test_info_reads_the_header()
  local path = self.dir:path("a.jpg")
  image.write{ramp(12, 20), path = path, quality = 80}
  local info = image.info(path)
  lu.assertEquals(info.format, "JPEG")
  lu.assertEquals({info.height, info.width, info.depth}, {12, 20, 8})
  lu.assertEquals(image.info{path}.width, 20)
end

function TestFiles:test_sixteen_bits()
  local path = self.dir:path("a.pgm")
  local img = tensor{{0, 300, 65535}}:cast("int32")
  image.write{img, path}
  lu.assertEquals(image.info(path).depth, 16)
  local again = image.read(path)
  lu.assertEquals(again.dtype, "int32")
  lu.assertTrue(again:eq(img):all())
end

function TestFiles:test_floats_are_clipped()
  local path = self.dir:path("a.png")
  image.write{tensor{{-1, 0, 0.5, 1, 7}}, path}
  lu.assertTrue(image.read(path):eq(tensor{{0, 0, 128, 255, 255}}):all())
end

function TestFiles:test_a_write_replaces_whole_or_not_at_all()
  local path = self.dir:path("a.png")
  image.write{ramp(4, 4), path}
  fails("is (H, W)", image.write, {tensor.zeros{2, 2, 2}, path})
  lu.assertEquals(image.info(path).height, 4)
end

function TestFiles:test_bad_files()
  local err = fails("there is no file", image.read, self.dir:path("none.png"))
  lu.assertEquals(err.kind, "not found")
  self.dir:write("empty.png", "")
  err = fails("empty.png' is empty", image.read, self.dir:path("empty.png"))
  lu.assertEquals(err.kind, "format")
  lu.assertEquals(err.path, self.dir:path("empty.png"))
  self.dir:write("text.png", "hello, world")
  fails("is not an image that Pneuma reads (it starts with \"hello, world\")", image.read, self.dir:path("text.png"))
  image.write{ramp(16, 16), self.dir:path("whole.jpg")}
  local bytes = self.dir:read("whole.jpg")
  self.dir:write("cut.jpg", bytes:sub(1, -20))
  fails("is truncated", image.read, self.dir:path("cut.jpg"))
  lu.assertEquals(image.info(self.dir:path("cut.jpg")).width, 16)
  fails("is a folder", image.read, self.dir:path("."))
end

function TestFiles:test_wrong_calls()
  fails("did you mean 'channels'", image.read, {"x.png", chanels = 3})
  image.write{ramp(2, 2), self.dir:path("a.png")}
  fails("channels is 0 (as stored), 1 or 3", image.read, {self.dir:path("a.png"), channels = 4})
  fails("takes the path of an image", image.read, 5)
  fails("needs a path", image.write, {ramp(2, 2)})
  fails("quality of a JPEG is 1 to 100", image.write, {ramp(2, 2), self.dir:path("a.jpg"), quality = 500})
  fails("names no image format", image.write, {ramp(2, 2), self.dir:path("a.gif")})
end

TestSize = {}

function TestSize:test_shapes()
  local function shape(x, ...)
    local out = image.resize{x, ...}
    return table.concat({table.unpack(out.shape)}, "x") .. " " .. out.dtype
  end
  lu.assertEquals(shape(tensor.zeros{4, 6}, {2, 3}), "2x3 float32")
  lu.assertEquals(shape(tensor.zeros{4, 6, 3}, {8, 9}), "8x9x3 float32")
  lu.assertEquals(shape(tensor.zeros{5, 4, 6, 1}, {2, 3}), "5x2x3x1 float32")
  lu.assertEquals(shape(tensor.zeros{5, 4, 6}:cast("uint8"), {2, 3}), "5x2x3 uint8")
  lu.assertEquals(shape(tensor.zeros{4, 6}:cast("int32"), {2, 3}), "2x3 int32")
end

function TestSize:test_nearest_and_bilinear()
  local img = tensor{{0, 100}}:cast("uint8")
  lu.assertTrue(image.resize{img, size = {1, 4}, method = "nearest"}
    :eq(tensor{{0, 0, 100, 100}}):all())
  lu.assertTrue(image.resize{img, size = {1, 4}, method = "bilinear"}
    :eq(tensor{{0, 25, 75, 100}}):all())
  local wide = tensor{{0, 60000}}:cast("int32")
  lu.assertTrue(image.resize{wide, {1, 4}}:eq(tensor{{0, 15000, 45000, 60000}}):all())
end

function TestSize:test_batches_are_resized_one_by_one()
  local batch = tensor.arange{2 * 4 * 6}:reshape{2, 4, 6, 1}
  local both = image.resize{batch, {3, 3}}
  local second = image.resize{batch[2], {3, 3}}
  lu.assertTrue(both[2]:eq(second):all())
end

function TestSize:test_wrong_calls()
  fails("needs a size", image.resize, {ramp(2, 2)})
  fails("two whole numbers from 1", image.resize, {ramp(2, 2), {0, 4}})
  fails("must be one of 'nearest', 'bilinear'", image.resize, {ramp(2, 2), {4, 4}, method = "cubic"})
  fails("must be a tensor", image.resize, {"x.png", {4, 4}})
  fails("1 to 4 channels", image.resize, {tensor.zeros{4}, {4, 4}})
end

TestColour = {}

function TestColour:test_gray_has_the_weights_of_opencv()
  local rgb = tensor{{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {194, 205, 133}}}:cast("uint8")
  lu.assertTrue(image.gray{rgb}:eq(tensor{{76, 150, 29, 194}}):all())
  lu.assertEquals(#image.gray(rgb).shape, 2)
end

function TestColour:test_rgb_and_back()
  local img = ramp(3, 5)
  local rgb = image.rgb(img)
  lu.assertEquals({table.unpack(rgb.shape)}, {3, 5, 3})
  lu.assertTrue(image.gray(rgb):eq(img):all())
  lu.assertTrue(rgb[{{}, {}, 3}]:eq(img):all())
end

function TestColour:test_colormap_and_range()
  local img = tensor{{0, 0.5, 1, 2}}
  local c = image.colormap{img, cmap = "gray"}
  lu.assertEquals(c.dtype, "uint8")
  lu.assertTrue(c[{{}, {}, 1}]:eq(tensor{{0, 128, 255, 255}}):all())
  c = image.colormap{img, cmap = "gray", low = 0, high = 2}
  lu.assertTrue(c[{{}, {}, 2}]:eq(tensor{{0, 64, 128, 255}}):all())
  c = image.colormap{tensor{{0}}, cmap = "viridis"}
  lu.assertEquals({c[{1, 1, 1}], c[{1, 1, 2}], c[{1, 1, 3}]}, {68, 1, 84})
  fails("'viridis', 'jet', 'gray'", image.colormap, {img, cmap = "rainbow"})
end

function TestColour:test_overlay()
  local img = tensor.full{1, 2, value = 100}:cast("uint8")
  local heat = tensor{{0, 1}}
  -- jet: entry 0 is (0, 0, 128), entry 255 is (128, 0, 0)
  local add = image.overlay{img, heat, alpha = 0.5, mode = "add"}
  lu.assertTrue(add:eq(tensor{{{100, 100, 164}, {164, 100, 100}}}):all())
  local blend = image.overlay{img, heat, alpha = 0.5, mode = "blend"}
  lu.assertTrue(blend:eq(tensor{{{50, 50, 114}, {114, 50, 50}}}):all())
  local half = image.overlay{img, tensor{{0.25, 0.5}}, alpha = 1, mode = "blend"}
  lu.assertTrue(half:eq(tensor{{{0, 124, 255}, {126, 255, 130}}}):all()) -- entries 63 and 127
  lu.assertEquals({table.unpack(image.overlay{ramp(8, 8), tensor.zeros{2, 2}}.shape)}, {8, 8, 3})
  fails("alpha lies between 0 and 1", image.overlay, {img, heat, alpha = 2})
  -- what m:gradcam gives for a batch of one image
  lu.assertTrue(image.overlay{img, heat:reshape{1, 1, 2}, alpha = 0.5, mode = "add"}:eq(add):all())
  lu.assertEquals({table.unpack(image.overlay{ramp(8, 8), tensor.zeros{1, 2, 3}}.shape)}, {8, 8, 3})
  fails("a heat map is (h, w), not (2, 2, 3); take one", image.overlay, {img, tensor.zeros{2, 2, 3}})
end

TestPicture = {}

local function size_of_png(picture)
  local png = getmetatable(picture).__mime["image/png"](picture)
  lu.assertEquals(png:sub(2, 4), "PNG")
  return {string.unpack(">I4I4", png, 17)}
end

function TestPicture:test_forms()
  local p = image.picture{ramp(6, 10), cmap = "viridis"}
  lu.assertEquals(tostring(p), "picture, 10 x 6 pixels, RGB")
  lu.assertEquals(getmetatable(p).__mime["text/plain"](p), tostring(p))
  local size = size_of_png(p)
  lu.assertEquals({size[1], size[2]}, {10, 6})
  local text = getmetatable(p).__mime["text/x-terminal"](p)
  local _, blocks = text:gsub("\xe2\x96\x80", "")
  lu.assertEquals(blocks, 30)
  lu.assertEquals(tostring(image.picture(ramp(6, 10))), "picture, 10 x 6 pixels, grey")
  lu.assertEquals({table.unpack(p.tensor.shape)}, {6, 10, 3})
end

function TestPicture:test_pictures_are_images()
  local p = image.picture(ramp(6, 10))
  lu.assertEquals({table.unpack(image.resize{p, {3, 5}}.shape)}, {3, 5})
  lu.assertEquals(image.row{p, p}.width, 28)
end

function TestPicture:test_row_and_grid()
  local a, b = ramp(6, 10), tensor.zeros{20, 4, 3}
  local row = image.row{a, b, gap = 2}
  lu.assertEquals({row.height, row.width}, {20, 22})
  local grid = image.grid{{a, b, a, b, a}, gap = 1}
  lu.assertEquals({grid.height, grid.width}, {2 * 20 + 1, 3 * 10 + 2})
  grid = image.grid{{a, b, a}, cols = 1, gap = 0}
  lu.assertEquals({grid.height, grid.width}, {6 + 20 + 6, 10})
  -- cells are white around a smaller image, which stands in the middle
  lu.assertEquals(row.tensor[{1, 1, 1}], 255)
  lu.assertEquals(row.tensor[{8, 2, 1}], a[{1, 2}])
end

function TestPicture:test_large_images_shrink()
  local grid = image.grid{tensor.full{2, 40, 80, 1, value = 0.5}, size = 20, gap = 0}
  lu.assertEquals({grid.height, grid.width}, {10, 40})
  lu.assertEquals(grid.tensor:min(), 128)
  lu.assertEquals(grid.tensor:max(), 128)
end

function TestPicture:test_batches_and_edges()
  lu.assertEquals(image.grid{tensor.zeros{4, 3, 5, 3}, gap = 0}.width, 10)
  lu.assertEquals(image.grid{tensor.zeros{4, 9, 5}, gap = 0}.height, 18)
end

function TestPicture:test_wrong_calls()
  fails("has no images", image.grid, {{}})
  fails("image 2 must be a tensor or a picture", image.row, {ramp(2, 2), "x"})
  fails("did you mean 'cols'", image.grid, {{ramp(2, 2)}, col = 2})
  fails("must lie between 1", image.grid, {{ramp(2, 2)}, cols = 0})
  fails("to show is (H, W)", image.picture, tensor.zeros{2})
end

os.exit(lu.LuaUnit.run())
