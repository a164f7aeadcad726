-- Splits by patient, k-fold and class weights.
local lu = require "luaunit"
local pneuma = require "pneuma"
local data, tensor = pneuma.data, pneuma.tensor

local function refuses(part, f, ...)
  local ok, err = pcall(f, ...)
  lu.assertFalse(ok)
  lu.assertStrContains(tostring(err), part)
end

-- A Dataset that no files stand behind: of each class so many images, of patients with 1 to `most`.
local function dataset(counts, most, seed)
  math.randomseed(seed or 1)
  local r = {path = {}, split = {}, class = {}, patient = {}, classes = {}, splits = {"train", "test"},
             unreadable_path = {}, unreadable_split = {}, unreadable_class = {}, unreadable_reason = {}}
  for class in pairs(counts) do r.classes[#r.classes + 1] = class end
  table.sort(r.classes)
  local patient, left = 0, 0
  for _, split in ipairs(r.splits) do
    for _, class in ipairs(r.classes) do
      for i = 1, split == "train" and counts[class] or 4 do
        if left == 0 then patient, left = patient + 1, math.random(1, most) end
        left = left - 1
        local n = #r.path + 1
        r.path[n] = ("%s/%s/person%d_%d.jpeg"):format(split, class, patient, i)
        r.split[n], r.class[n], r.patient[n] = split, class, "person" .. patient
      end
      left = 0
    end
  end
  for _, name in ipairs{"width", "height", "channels", "bytes"} do
    r[name] = tensor.ones{#r.path, dtype = "int32"}
  end
  return data.Dataset(r, {dir = "nowhere"})
end

local function count(ds)
  local counts = {}
  for _, class in ipairs(ds.class) do counts[class] = (counts[class] or 0) + 1 end
  return counts
end

local function assert_apart(a, b)
  local seen = {}
  for _, patient in ipairs(a:patients()) do seen[patient] = true end
  for _, patient in ipairs(b:patients()) do lu.assertNil(seen[patient]) end
end

TestSplit = {}

function TestSplit:test_keeps_patients_apart_and_shares_alike()
  for seed = 1, 20 do
    local counts = {NORMAL = math.random(80, 200), PNEUMONIA = math.random(100, 600)}
    local ds = dataset(counts, 5, seed)
    local train, val = ds:split{val = 0.15, by = "patient", seed = seed}
    assert_apart(train, val)
    lu.assertEquals(#train + #val, counts.NORMAL + counts.PNEUMONIA)
    for class, n in pairs(counts) do
      lu.assertTrue(math.abs(count(val)[class] - 0.15 * n) <= 1)
    end
    lu.assertEquals(train.splits, {"train"})
    lu.assertEquals(val.splits, {"val"})
    lu.assertEquals(val:counts().val, {count(val).NORMAL, count(val).PNEUMONIA})
    lu.assertEquals(#val.width:totable(), #val)
    lu.assertEquals(val.path[1]:match("^train/") ~= nil, true)
  end
end

function TestSplit:test_the_seed_decides()
  local ds = dataset({A = 60, B = 60}, 3)
  local function chosen(seed) return select(2, ds:split{val = 0.2, seed = seed}).path end
  lu.assertEquals(chosen(1), chosen(1))
  lu.assertNotEquals(chosen(1), chosen(2))
end

function TestSplit:test_which_images_are_split()
  local ds = dataset({A = 30, B = 50}, 2)
  local train, val = ds:split() -- the training images, 15 % of them
  lu.assertEquals(#train + #val, 80)
  train, val = ds:split{split = "test", val = 0.5}
  lu.assertEquals({#train, #val}, {4, 4})
  train, val = ds:split{split = {"train", "test"}}
  lu.assertEquals(#train + #val, 88)
  train, val = ds:split{by = "image", val = 0.25, seed = 3}
  lu.assertTrue(math.abs(#val - 20) <= 1)
  -- parts are datasets: they can be split again
  local again = train:split{val = 0.5}
  lu.assertTrue(#again > 20)
end

-- A patient with images of both classes, and one with a third of all images.
function TestSplit:test_large_and_mixed_groups()
  local labels, groups = {}, {}
  for i = 1, 90 do
    labels[i] = i % 3 == 0 and "x" or "y"
    groups[i] = i <= 30 and "big" or "p" .. i // 4
  end
  local train, val = data.group_split{labels, groups = groups, val = 0.2, seed = 1}
  local part_of, x = {}, 0
  for _, i in ipairs(train) do part_of[groups[i]] = "train" end
  for _, i in ipairs(val) do
    lu.assertNil(part_of[groups[i]])
    x = x + (labels[i] == "x" and 1 or 0)
  end
  lu.assertEquals(part_of.big, "train")
  lu.assertEquals(#train + #val, 90)
  lu.assertTrue(math.abs(#val - 18) <= 2)
  lu.assertTrue(math.abs(x - 6) <= 2)
end

function TestSplit:test_refuses()
  local ds = dataset({A = 10, B = 10}, 2)
  refuses("val must be a share between 0 and 1", ds.split, ds, {val = 15})
  refuses("val must be a share between 0 and 1", ds.split, ds, {val = 1})
  refuses("there is no split 'tran'; did you mean 'train'?", ds.split, ds, {split = "tran"})
  refuses("by must be 'patient' or 'image', not 'person'", ds.split, ds, {by = "person"})
  refuses("seed must be a whole number", ds.split, ds, {seed = 0.5})
  refuses("has no option 'share'", ds.split, ds, {share = 0.1})
  refuses("call split with a colon", ds.split, {val = 0.1})
  refuses("nothing is left for 'val'", data.group_split, {{1, 2, 1, 2}, groups = {1, 1, 1, 1}})
  refuses("labels has 4 items, but groups has 3", data.group_split, {{1, 2, 1, 2}, groups = {1, 2, 3}})
  refuses("labels must be an array, not a string", data.group_split, {"labels"})
  refuses("needs labels", data.group_split, {})
end

TestFolds = {}

function TestFolds:test_each_image_is_validated_once()
  local ds = dataset({A = 103, B = 211, C = 40}, 4, 7)
  local seen = {}
  local folds = ds:kfold{k = 4, by = "patient", seed = 5}
  lu.assertEquals(#folds, 4)
  for _, fold in ipairs(folds) do
    assert_apart(fold.train, fold.val)
    lu.assertEquals(#fold.train + #fold.val, 354)
    for class, n in pairs{A = 103, B = 211, C = 40} do
      lu.assertTrue(math.abs(count(fold.val)[class] - n / 4) <= 1.5)
    end
    for _, path in ipairs(fold.val.path) do
      lu.assertNil(seen[path])
      seen[path] = true
    end
  end
end

function TestFolds:test_of_labels_alone()
  local labels = tensor{0, 0, 0, 0, 1, 1, 1, 1}
  local folds = data.group_kfold{labels, k = 4, seed = 1}
  for _, fold in ipairs(folds) do
    lu.assertEquals(#fold.val, 2)
    lu.assertEquals(#fold.train, 6)
    lu.assertTrue(fold.val[1] <= 4 and fold.val[2] > 4) -- one of each class
  end
  refuses("k must be a whole number from 2, not 1", data.group_kfold, {labels, k = 1})
  refuses("nothing is left for 'fold", data.group_kfold, {labels, k = 9})
end

TestWeights = {}

function TestWeights:test_modes()
  local counts = {NORMAL = 1341, PNEUMONIA = 3875}
  local seed = data.class_weight{counts, mode = "seed"}
  lu.assertAlmostEquals(seed.NORMAL, 0.742906, 1e-6) -- the study's 0.74 and 0.26
  lu.assertAlmostEquals(seed.PNEUMONIA, 0.257094, 1e-6)
  local balanced = data.class_weight{counts}
  lu.assertAlmostEquals(balanced.NORMAL, 5216 / (2 * 1341), 1e-12)
  lu.assertAlmostEquals(balanced.PNEUMONIA, 5216 / (2 * 3875), 1e-12)
  lu.assertEquals(data.class_weight{{a = 1, b = 1, c = 2}, mode = "seed"}, {a = .75, b = .75, c = .5})
end

function TestWeights:test_of_datasets_and_frames()
  local ds = dataset({NORMAL = 10, PNEUMONIA = 30}, 2)
  local expected = {NORMAL = 2, PNEUMONIA = 2 / 3}
  lu.assertEquals(data.class_weight{ds}, expected)
  lu.assertEquals(data.class_weight{ds:counts()}, expected)
  lu.assertEquals(data.class_weight{ds, split = "test"}, {NORMAL = 1, PNEUMONIA = 1})
  lu.assertEquals(data.class_weight{ds:counts(), split = "test"}, {NORMAL = 1, PNEUMONIA = 1})
end

function TestWeights:test_refuses()
  local f = data.class_weight
  refuses("the count of class 'b' must be above 0, not 0", f, {{a = 1, b = 0}})
  refuses("needs at least two classes, but there is one", f, {{a = 1}})
  refuses("there are none", f, {{}})
  refuses("counts are given by class name, not as a list", f, {{1341, 3875}})
  refuses("mode must be 'balanced' or 'seed', not 'even'", f, {{a = 1, b = 2}, mode = "even"})
  refuses("takes a Dataset or counts by class", f, {3})
  refuses("say which counts: split =", f, {pneuma.frame{{"class", {"a", "b"}}, {"x", {1, 2}}, {"y", {1, 2}}}})
  refuses("a frame with a column 'class'", f, {pneuma.frame{{"x", {1, 2}}}})
end

os.exit(lu.LuaUnit.run())
