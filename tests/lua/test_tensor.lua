-- Tensors: creation, fields, indexing, shapes.
local lu = require "luaunit"
local tensor = require "pneuma".tensor

local function refused(text, f, ...)
  local ok, e = pcall(f, ...)
  lu.assertFalse(ok, "expected an error with: " .. text)
  lu.assertStrContains(tostring(e), text)
  return e
end

local function same(x, expected, dtype)
  lu.assertEquals(x:totable(), expected)
  if dtype then lu.assertEquals(x.dtype, dtype) end
end

TestCreation = {}

function TestCreation:test_from_tables()
  local x = tensor{{1, 2, 3}, {4, 5, 6}}
  lu.assertEquals(x.shape, {2, 3})
  lu.assertEquals({x.rank, x.size, x.dtype, #x}, {2, 6, "float32", 2})
  same(x, {{1, 2, 3}, {4, 5, 6}})
  same(tensor{7, 255, dtype = "uint8"}, {7, 255}, "uint8")
  lu.assertEquals(math.type(tensor{7, dtype = "int32"}[1]), "integer")
  lu.assertEquals(tensor{}.shape, {0})
  lu.assertEquals(tensor{{}, {}}.shape, {2, 0})
  lu.assertEquals(tensor(5).rank, 0)
  lu.assertEquals(tensor(5):item(), 5)
  local copy = tensor(x)
  copy[1][1] = 9
  lu.assertEquals(x[1][1], 1)
end

function TestCreation:test_bad_tables()
  refused("the table is ragged: [2] has 1 items, but 2 were expected", tensor, {{1, 2}, {3}})
  refused("the table is ragged: [2] is a number among tables", tensor, {{1, 2}, 3})
  refused("the table is ragged: [1][2] is a table among numbers", tensor, {{1, {2}}, {3, 4}})
  refused("item [1][2] is string", tensor, {{1, "a"}, {3, 4}})
  refused("item [2] is 300, which uint8 does not hold", tensor, {1, 300, dtype = "uint8"})
  refused("item [1] is 1.5, which int32 does not hold", tensor, {1.5, dtype = "int32"})
  refused("use tensor.stack", tensor, {tensor{1}, tensor{2}})
  refused("did you mean 'dtype'?", tensor, {1, dtyp = "int32"})
  refused("option 'dtype' must be one of 'float32', 'uint8', 'int32', not 'float64'", tensor,
          {1, dtype = "float64"})
  refused("nested deeper than the 8 axes", tensor, {{{{{{{{{1}}}}}}}}})
  refused("tensor takes a table of numbers", tensor, "x")
end

function TestCreation:test_rules()
  same(tensor.zeros{2, 2}, {{0, 0}, {0, 0}}, "float32")
  same(tensor.ones{2, dtype = "int32"}, {1, 1}, "int32")
  same(tensor.zeros{{1, 2}, dtype = "uint8"}, {{0, 0}}, "uint8")
  same(tensor.full{2, value = 0.5}, {0.5, 0.5})
  same(tensor.arange{3}, {1, 2, 3})
  same(tensor.arange{2, 4}, {2, 3, 4})
  same(tensor.arange{5, 1, -2, dtype = "int32"}, {5, 3, 1}, "int32")
  same(tensor.arange{3, 1}, {})
  lu.assertEquals(#tensor.arange{0, 1, 0.1}, 11)
  same(tensor.linspace{0, 1, 5}, {0, 0.25, 0.5, 0.75, 1})
  same(tensor.linspace{3, 9, 1}, {3})
  lu.assertEquals(#tensor.linspace{0, 1}, 50)
  same(tensor.eye{2, 3}, {{1, 0, 0}, {0, 1, 0}})
  refused("needs a number as its option 'value'", tensor.full, {2})
  refused("size 2 must be a whole number from 0, not -1", tensor.zeros, {2, -1})
  refused("size 1 must be a whole number from 0, not a", tensor.zeros, {"a"})
  refused("tensor.zeros takes one table", tensor.zeros, 3)
  refused("step other than 0", tensor.arange, {1, 2, 0})
  refused("uint8 number", tensor.full, {1, value = -1, dtype = "uint8"})
  refused("uint8 number", tensor.arange, {300, dtype = "uint8"})
  refused("too large", tensor.zeros, {1 << 40, 1 << 40})
end

function TestCreation:test_random()
  local a, b = tensor.uniform{100000, seed = 1}, tensor.uniform{100000, seed = 1}
  lu.assertTrue(a:eq(b):all())
  lu.assertFalse(a:eq(tensor.uniform{100000, seed = 2}):all())
  lu.assertTrue(a:min() >= 0 and a:max() < 1)
  lu.assertAlmostEquals(a:mean(), 0.5, 0.01)
  local n = tensor.normal{200000, seed = 3, mean = 5, std = 2}
  lu.assertAlmostEquals(n:mean(), 5, 0.03)
  lu.assertAlmostEquals(n:std(), 2, 0.03)
  tensor.seed(4)
  local x, y = tensor.uniform{3}, tensor.uniform{3}
  lu.assertFalse(x:eq(y):any())
  tensor.seed(4)
  lu.assertTrue(x:eq(tensor.uniform{3}):all())
  local r = tensor.uniform{1000, low = -2, high = -1, seed = 5}
  lu.assertTrue(r:min() >= -2 and r:max() < -1)
  refused("high must not be less than low", tensor.uniform, {3, low = 2, high = 1})
  refused("std must not be less than 0", tensor.normal, {3, std = -1})
end

TestIndexing = {}

function TestIndexing:setUp()
  self.x = tensor.arange{24}:reshape{2, 3, 4}
end

function TestIndexing:test_numbers()
  local x = self.x
  lu.assertEquals(x[1][2][3], 7)
  lu.assertEquals(x[-1][-1][-1], 24)
  lu.assertEquals(x[{2, 3, 4}], 24)
  same(x[2][1], {13, 14, 15, 16})
  x[1][1][1] = 100
  lu.assertEquals(x[{1, 1, 1}], 100)
end

function TestIndexing:test_slices()
  local x = self.x
  same(x[{{}, 2, {1, 2}}], {{5, 6}, {17, 18}})
  same(x[{1, {}, {1, 4, 3}}], {{1, 4}, {5, 8}, {9, 12}})
  same(x[{1, 1, {-2, -1}}], {3, 4})
  same(x[{1, 1, {4, 1, -2}}], {4, 2})
  same(x[{1, 1, {-1, 1, -1}}], {4, 3, 2, 1})
  lu.assertEquals(x[{{2, 1}}].shape, {0, 3, 4})
  lu.assertEquals(x[{{3, 2}}].shape, {0, 3, 4})
  lu.assertEquals(x[{}].shape, {2, 3, 4})
  local view = x[{{}, {2, 3}}]
  view[{1, 1, 1}] = -5
  lu.assertEquals(x[{1, 2, 1}], -5)
end

function TestIndexing:test_assignment()
  local x = tensor.zeros{3, 4}
  x[2] = 7
  x[{{}, 1}] = tensor{1, 2, 3}
  x[{3, {2, 4}}] = {8, 9, 10}
  same(x, {{1, 0, 0, 0}, {2, 7, 7, 7}, {3, 8, 9, 10}})
  x[{{}, {}}] = x[{{}, {4, 1, -1}}]
  same(x[3], {10, 9, 8, 3})
  local y = tensor.arange{5}
  y[{{2, 5}}] = y[{{1, 4}}]
  same(y, {1, 1, 2, 3, 4})
  local u = tensor.zeros{2, dtype = "uint8"}
  u[1] = 255
  u[2] = tensor{-4.5}:squeeze()
  same(u, {255, 0})
  refused("uint8 does not hold the number 256", function() u[1] = 256 end)
  refused("uint8 does not hold the number 0.5", function() u[1] = 0.5 end)
  refused("a tensor of shape (2,) cannot be broadcast to (4,)", function() x[1] = tensor{1, 2} end)
  refused("items of a tensor are numbers, not string", function() x[1] = "a" end)
  refused("no field 'foo' to set", function() x.foo = 1 end)
end

function TestIndexing:test_errors_name_index_axis_and_size()
  local x = self.x
  refused("index 3 is out of range for axis 1 with size 2", function() return x[3] end)
  refused("index 0 is out of range for axis 1 with size 2 (the first item is 1)",
          function() return x[0] end)
  refused("index -4 is out of range for axis 2 with size 3", function() return x[{1, -4}] end)
  refused("the slice {1, 5} leaves axis 3 with size 4", function() return x[{1, 1, {1, 5}}] end)
  refused("the slice {0, 2} leaves axis 1 with size 2", function() return x[{{0, 2}}] end)
  refused("4 indices for a tensor of 3 axes, (2, 3, 4)", function() return x[{1, 1, 1, 1}] end)
  refused("the slice of axis 1 must be {}", function() return x[{{1}}] end)
  refused("must be {}, {first, last}", function() return x[{{first = 1}}] end)
  refused("the step of axis 1 is 0", function() return x[{{1, 2, 0}}] end)
  refused("must hold whole numbers, not a", function() return x[{{"a", 2}}] end)
  refused("an index must be a whole number, not 1.5", function() return x[1.5] end)
  refused("did you mean 'shape'?", function() return x.shap end)
  refused("tensor.where", function() return x[x:gt(3)] end)
  refused("x:item()", function() return tensor(1)[1] end)
  refused("with a colon: x:sum", function() return x.sum() end)
end

function TestIndexing:test_pairs_walks_the_first_axis()
  local seen = {}
  for i, row in pairs(tensor{{1, 2}, {3, 4}}) do seen[i] = row:totable() end
  lu.assertEquals(seen, {{1, 2}, {3, 4}})
  local sum = 0
  for _, v in pairs(tensor{1, 2, 3}) do sum = sum + v end
  lu.assertEquals(sum, 6)
end

TestShapes = {}

function TestShapes:test_reshape_and_transpose()
  local x = tensor.arange{6}
  same(x:reshape{2, -1}, {{1, 2, 3}, {4, 5, 6}})
  local t = x:reshape{2, 3}:t()
  same(t, {{1, 4}, {2, 5}, {3, 6}})
  same(t:reshape{6}, {1, 4, 2, 5, 3, 6})
  lu.assertEquals(tensor.zeros{2, 3, 4}:transpose{2, 3, 1}.shape, {3, 4, 2})
  lu.assertEquals(tensor.zeros{2, 3, 4}:transpose{-1, 1, 2}.shape, {4, 2, 3})
  refused("cannot reshape (6,) (6 items) to (4, 2)", x.reshape, x, {4, 2})
  refused("name each of the 2 axes once", t.transpose, t, {1, 1})
  refused("axis 3 is out of range: there are 2", t.transpose, t, {1, 3})
end

function TestShapes:test_squeeze_unsqueeze_flip()
  local x = tensor.zeros{1, 3, 1}
  lu.assertEquals(x:squeeze().shape, {3})
  lu.assertEquals(x:squeeze(-1).shape, {1, 3})
  lu.assertEquals(x:squeeze{axis = 1}.shape, {3, 1})
  lu.assertEquals(x:squeeze():unsqueeze(1).shape, {1, 3})
  lu.assertEquals(x:squeeze():unsqueeze{axis = -1}.shape, {3, 1})
  refused("axis 2 has size 3", x.squeeze, x, 2)
  local y = tensor{{1, 2}, {3, 4}}
  same(y:flip(1), {{3, 4}, {1, 2}})
  same(y:flip{axis = 2}, {{2, 1}, {4, 3}})
  same(y:flip(), {{4, 3}, {2, 1}})
end

function TestShapes:test_cast_and_clone()
  same(tensor{-1.5, 1.9, 300, 0/0}:cast("uint8"), {0, 1, 255, 0}, "uint8")
  same(tensor{-1.5, 1.9, 3e9}:cast("int32"), {-1, 1, 2147483647}, "int32")
  local x = tensor{1, 2}
  x:clone()[1] = 5
  lu.assertEquals(x[1], 1)
  refused("takes 'float32', 'uint8' or 'int32', not float64", x.cast, x, "float64")
end

function TestShapes:test_joining()
  local a, b = tensor{{1, 2}}, tensor{{3, 4}}
  same(tensor.concat{a, b}, {{1, 2}, {3, 4}})
  same(tensor.concat{a, b, axis = 2}, {{1, 2, 3, 4}})
  same(tensor.concat({a, b, a}), {{1, 2}, {3, 4}, {1, 2}})
  same(tensor.stack{a[1], b[1]}, {{1, 2}, {3, 4}})
  same(tensor.stack{{a[1], b[1]}, axis = -1}, {{1, 3}, {2, 4}})
  lu.assertEquals(tensor.concat{a:cast("uint8"), b:cast("uint8")}.dtype, "uint8")
  lu.assertEquals(tensor.concat{a:cast("uint8"), b:cast("int32")}.dtype, "int32")
  lu.assertEquals(tensor.concat{a:cast("uint8"), b}.dtype, "float32")
  refused("cannot join (1, 2) and (2,) along axis 1", tensor.concat, {a, b[1]})
  refused("cannot join (1, 1, 2) and (1, 2) along axis 1", tensor.stack, {a, b[1]})
  refused("item 2 must be a tensor, not number", tensor.concat, {a, 3})
  refused("needs tensors", tensor.stack, {})
end

function TestShapes:test_take_and_tile()
  local x = tensor{{1, 2, 3}, {4, 5, 6}}
  same(x:take{{2, 1, 2}}, {{4, 5, 6}, {1, 2, 3}, {4, 5, 6}})
  same(x:take{{-1, 1}, axis = 2}, {{3, 1}, {6, 4}})
  same(x:take{tensor{2, dtype = "int32"}, axis = -1}, {{2}, {5}})
  same(tensor{1, 2}:tile{2}, {1, 2, 1, 2})
  same(tensor{{1, 2}}:tile{2, 2}, {{1, 2, 1, 2}, {1, 2, 1, 2}})
  refused("index 4 is out of range for axis 2 with size 3", x.take, x, {{4}, axis = 2})
  refused("index -3 is out of range", x.take, x, {{-3}})
  refused("needs indices of dtype int32", x.take, x, {tensor{1}})
end

TestText = {}

function TestText:test_text_tells_dtype_and_shape()
  lu.assertEquals(tostring(tensor{{1, 2}, {3, 4.5}}), "[[1.  2. ]\n [3.  4.5]]\nfloat32 (2, 2)")
  lu.assertEquals(tostring(tensor{1, 255, dtype = "uint8"}), "[  1 255]\nuint8 (2,)")
  lu.assertEquals(tostring(tensor(5)), "5.0\nfloat32 ()")
  lu.assertEquals(tensor{1, 2}:format(), "[1. 2.]")
  refused("did you mean 'precision'?", function() tensor{1}:format{precison = 3} end)
  refused("option 'precision' must be 0 to", function() tensor{1}:format{precision = -1} end)
end

TestStubs = {}

-- Editors learn of every function: the stubs name all there are, and nothing else.
function TestStubs:test_every_function_is_documented()
  local folder = arg[0]:match "^(.*)/" or "."
  local f = assert(io.open(folder .. "/../../runtime/lua/stubs/tensor.lua"))
  local text, documented = f:read("a"), {}
  f:close()
  for name in text:gmatch "\nfunction ([%w_.:]+)%(" do documented[name] = true end
  local present = {}
  for name in pairs(tensor) do present["tensor." .. name] = true end
  for name in pairs(debug.getmetatable(tensor{1}).methods) do present["Tensor:" .. name] = true end
  lu.assertEquals(documented, present)
end

os.exit(lu.LuaUnit.run())
