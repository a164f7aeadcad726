-- The shipped notebooks, from beginning to end: on phantoms, on small folders, on bad ones.
package.path = arg[0]:match("^(.*/)") .. "?.lua;" .. package.path
local lu = require "luaunit"
local t = require "support"
local pn = require "pneuma"

local program = os.getenv("PNEUMA_PROGRAM")
local notebooks = program:match("^(.*/)") .. "share/pneuma/notebooks/"
local first = notebooks .. "01_data_visualization.md"
local fixtures = arg[0]:match("^(.*/)") .. "../unit/data/"

TestNotebooks = {}

function TestNotebooks:setUp()
  t.open()
end

function TestNotebooks:tearDown() t.close() end

local function count(text, pattern)
  return select(2, text:gsub(pattern, ""))
end

-- A grey image of noise, so that every figure has something to show.
local function draw(name, height, width)
  os.execute("mkdir -p " .. t.quote(t.path(name:match("^(.*)/"))))
  local noise = pn.tensor.uniform{height, width, low = 0, high = 255, seed = #name}
  pn.image.write{noise:cast("uint8"), t.path(name)}
end

-- A folder with `n` images in each class and split.
local function folder(name, n)
  for _, split in ipairs{"train", "val", "test"} do
    for _, class in ipairs{"NORMAL", "PNEUMONIA"} do
      for i = 1, n do
        draw(("%s/%s/%s/person%d_virus_%d.jpeg"):format(name, split, class, i, i), 20 + i, 30 + 3 * i)
      end
    end
  end
end

local function visualize(dir, more)
  return t.report(("%s -p data_dir=%s %s"):format(t.quote(first), t.quote(dir), more or ""))
end

function TestNotebooks:test_phantoms_then_the_cache()
  local code, _, err = t.run(t.quote(notebooks .. "00_start_here.md"))
  lu.assertEquals(code, 0, err)
  local small = " -p count=16 "
  local json
  code, _, err, json = t.report(t.quote(first) .. small)
  lu.assertEquals(code, 0, err)
  lu.assertEquals(count(json, '"image/svg%+xml"'), 11) -- every figure is there
  lu.assertStrContains(json, "SYNTHETIC")
  lu.assertEquals(count(json, '"state": "failed"'), 0)
  code, _, err, json = t.report(t.quote(first) .. small)
  lu.assertEquals(code, 0, err)
  lu.assertEquals(count(json, '"computed": %[%]'), count(json, '"computed": '))
end

function TestNotebooks:test_counts_of_a_small_folder()
  folder("small", 3)
  local code, _, err, json = visualize("small")
  lu.assertEquals(code, 0, err)
  lu.assertEquals(count(json, "    3 images"), 6)
  lu.assertStrContains(json, "took the last one instead of number 89")
  code, _, err, json = visualize("small", "-p extras=false")
  lu.assertEquals(code, 0, err)
  lu.assertNotStrContains(json, "Mean images")
end

function TestNotebooks:test_files_that_are_no_images()
  folder("mixed", 2)
  local train = "mixed/train/NORMAL/"
  t.write(train .. "empty.jpeg", "")
  t.write(train .. "text.png", "this is no picture\n")
  local whole = t.read("mixed/train/NORMAL/person1_virus_1.jpeg")
  t.write(train .. "cut.jpeg", whole:sub(1, #whole // 2))
  t.write(train .. "the last one, cut.jpeg", whole:sub(1, #whole // 2)) -- it is asked for by number
  os.execute("mkdir " .. t.quote(t.path(train .. "folder.jpeg")))
  draw(train .. "one.png", 1, 1)
  draw(train .. "it's odd; $(touch x) `y` \"z\".jpeg", 9, 12)
  draw(train .. "caf\xe9 \xff.jpeg", 9, 12)
  local cmyk = assert(io.open(fixtures .. "cmyk.jpg", "rb"))
  t.write(train .. "cmyk.jpg", cmyk:read("a"))
  cmyk:close()
  local code, _, err, json = visualize("mixed")
  lu.assertEquals(code, 0, err)
  for _, name in ipairs{"empty.jpeg", "text.png"} do lu.assertStrContains(json, name) end
  lu.assertFalse(t.exists("x"))
  local page = t.read("out/01_data_visualization.html")
  lu.assertStrContains(page, "empty.jpeg")
  lu.assertStrContains(page, "is empty")
  t.in_order(page, {"skipped: ", "the last one, cut.jpeg", "instead</p>"})
  lu.assertStrContains(page, "images could not be read and are left out; the first is ")
  lu.assertNotStrContains(page, "failed_path") -- a word of programs
end

function TestNotebooks:test_folders_that_do_not_fit()
  local code, _, err = visualize("nowhere")
  lu.assertEquals(code, 1)
  lu.assertStrContains(err, "nowhere")
  lu.assertStrMatches(err, ".*01_data_visualization%.md:%d+: .*")
  os.execute("mkdir " .. t.path("empty"))
  code, _, err = visualize("empty")
  lu.assertEquals(code, 1)
  lu.assertStrContains(err, "empty")
  lu.assertStrContains(err, "train")
end

function TestNotebooks:test_an_empty_class()
  folder("half", 2)
  os.execute("rm " .. t.path("half") .. "/*/NORMAL/*")
  local code, _, err, json = visualize("half")
  lu.assertEquals(code, 0, err)
  lu.assertEquals(count(json, "    0 images"), 3)
  os.execute("rm " .. t.path("half") .. "/*/PNEUMONIA/*")
  code, _, err = visualize("half")
  lu.assertEquals(code, 1)
  lu.assertStrContains(err, "no image")
end

function TestNotebooks:test_other_layouts()
  draw("flat/cats/a.png", 20, 30)
  draw("flat/dogs/b.png", 25, 20)
  draw("flat/owls/c.bmp", 25, 20)
  local code, _, err = visualize("flat")
  lu.assertEquals(code, 0, err)
end

function TestNotebooks:test_real_xrays_when_they_are_here()
  local real = (os.getenv("PNEUMA_SHARED") or "") .. "/chest_xray_original"
  local probe = io.open(real .. "/train")
  if not probe then return lu.skip("no real X-rays here") end
  probe:close()
  local code, _, err, json = visualize(real)
  lu.assertEquals(code, 0, err)
  for _, n in ipairs{31, 81, 3, 5, 13, 31} do lu.assertStrContains(json, n .. " images") end
  lu.assertEquals(count(json, '"image/svg%+xml"'), 11)
end

os.exit(lu.LuaUnit.run())
