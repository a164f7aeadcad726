-- Tensors: arithmetic, comparisons, functions, reductions, products.
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

local function u8(t) t.dtype = "uint8" return tensor(t) end
local function i32(t) t.dtype = "int32" return tensor(t) end

TestArithmetic = {}

function TestArithmetic:test_dtypes()
  same(u8{200} + u8{100}, {300}, "int32")
  same(u8{5} - u8{9}, {-4}, "int32")
  same(i32{2000000000} + i32{2000000000}, {2147483647}, "int32")
  same(i32{-2000000000} * 3, {-2147483648}, "int32")
  same(u8{7} * 0.5, {3.5}, "float32")
  same(u8{7} + tensor{0.5}, {7.5}, "float32")
  same(u8{7} / 2, {3.5}, "float32")
  same(i32{3} ^ 2, {9}, "float32")
  same(i32{-7, 7} // 2, {-4, 3}, "int32")
  same(i32{-7, 7} % 3, {2, 1}, "int32")
  same(i32{-7, 7} % -3, {-1, -2}, "int32")
  same(tensor{-7, 7} // 2, {-4, 3}, "float32")
  same(tensor{-7, 7.5} % 3, {2, 1.5}, "float32")
  same(1 - tensor{1, 2}, {0, -1})
  same(-u8{3}, {-3}, "int32")
  same(i32{-2147483648}:abs(), {2147483647}, "int32")
  same(tensor{1} * 5000000000, {5e9})
  refused("does not fit int32", function() return i32{1} + 5000000000 end)
  refused("integer division by zero", function() return i32{1} // 0 end)
  refused("integer division by zero", function() return i32{1, 2} % i32{1, 0} end)
  refused("+ takes tensors and numbers, not a string", function() return tensor{1} + "1" end)
end

-- Every broadcast against plain loops.
function TestArithmetic:test_broadcasting()
  local function at(x, index)
    local key = {}
    for i = 1, x.rank do
      local n = x.shape[i]
      key[i] = n == 1 and 1 or index[#index - x.rank + i]
    end
    return x.rank == 0 and x:item() or x[key]
  end
  local shapes = {{}, {1}, {4}, {3, 1}, {3, 4}, {2, 1, 4}, {2, 3, 4}, {2, 1, 1}}
  for _, s in ipairs(shapes) do
    for _, t in ipairs(shapes) do
      local a = #s == 0 and tensor(3) or tensor.uniform{s, seed = 1}
      local b = #t == 0 and tensor(2) or tensor.uniform{t, seed = 2}
      local c = a - b
      local full = c:reshape{-1}
      local shape, index = c.shape, {}
      for k = 0, c.size - 1 do
        local rest = k
        for i = #shape, 1, -1 do
          index[i] = rest % shape[i] + 1
          rest = rest // shape[i]
        end
        lu.assertAlmostEquals(full[k + 1], at(a, index) - at(b, index), 1e-6)
      end
    end
  end
  refused("cannot broadcast (2, 3) with (4,)",
          function() return tensor.zeros{2, 3} + tensor.zeros{4} end)
  lu.assertEquals((tensor.zeros{0, 3} + tensor.zeros{3}).shape, {0, 3})
end

function TestArithmetic:test_views_and_long_rows()
  local x = tensor.uniform{300, 500, seed = 3}
  local t, sum = x:t(), x:t() + x:t():clone() * 2
  lu.assertTrue(sum:eq(t * 3):mean() > 0.8)
  lu.assertTrue((sum - t * 3):abs():max() < 1e-6)
  local every = x[{{1, -1, 2}, {-1, 1, -3}}]
  lu.assertTrue((every + 0):eq(every:clone()):all())
  local bytes = (x * 255):cast("uint8")
  lu.assertTrue((bytes:t() + 1):eq((bytes + 1):t()):all())
end

function TestArithmetic:test_in_place()
  local x = tensor{1, 2, 3}
  lu.assertIs(x:add_(1), x)
  x:mul_(tensor{1, 2, 3}):sub_(1)
  same(x, {1, 5, 11})
  local u = u8{250, 1}
  u:add_(10)
  same(u, {255, 11}, "uint8")
  same(u:fill_(3), {3, 3}, "uint8")
  refused("float32 and does not fit into a tensor of uint8", u.add_, u, 0.5)
  refused("cannot be broadcast to (2,)", u.add_, u, u8{1, 2, 3})
  local m = tensor{{1, 2}, {3, 4}}
  m:add_(m:t())
  same(m, {{2, 5}, {5, 8}})
  local y = tensor.arange{6}
  y[{{2, 6}}]:add_(y[{{1, 5}}])
  same(y, {1, 3, 5, 7, 9, 11})
end

TestComparison = {}

function TestComparison:test_methods()
  local x = tensor{1, 2, 3}
  same(x:gt(2), {0, 0, 1}, "uint8")
  same(x:ge(2), {0, 1, 1})
  same(x:lt(2), {1, 0, 0})
  same(x:le(tensor{3, 2, 1}), {1, 1, 0})
  same(x:eq(2), {0, 1, 0})
  same(x:ne(0/0), {1, 1, 1})
  same(i32{16777217}:gt(i32{16777216}), {1})
  same((x:gt(1) & x:lt(3)), {0, 1, 0}, "uint8")
  same((x:lt(2) | x:gt(2)), {1, 0, 1})
  same(~x:gt(1), {1, 0, 0})
end

function TestComparison:test_operators_are_refused()
  local p = tensor{0.2, 0.7}
  refused("use p:gt(0.5)", function() return p > 0.5 end)
  refused("use p:gt(0.5)", function() return 0.5 >= p end)
  refused("use p:gt(0.5)", function() return p < p end)
  lu.assertFalse(p == p:clone())
end

function TestComparison:test_where()
  same(tensor.where{tensor{1, 0, 0.5}, 7, tensor{1, 2, 3}}, {7, 2, 7}, "float32")
  same(tensor.where{u8{1, 0}, i32{5, 6}, -1}, {5, -1}, "int32")
  same(tensor.where{u8{1, 0}, u8{5, 6}, u8{1, 1}}, {5, 1}, "uint8")
  same(tensor.where{u8{1, 0}:reshape{2, 1}, tensor{1, 2}, 0}, {{1, 2}, {0, 0}})
  refused("the mask of tensor.where must be a tensor", tensor.where, {1, 2, 3})
end

TestFunctions = {}

function TestFunctions:test_against_lua()
  local x = tensor.linspace{-3, 3, 1001}
  local list = x:totable()
  local functions = {
    exp = math.exp, sin = math.sin, cos = math.cos, abs = math.abs, floor = math.floor,
    ceil = math.ceil, relu = function(v) return math.max(v, 0) end,
    sigmoid = function(v) return 1 / (1 + math.exp(-v)) end,
    tanh = function(v) return (math.exp(2 * v) - 1) / (math.exp(2 * v) + 1) end,
  }
  for name, f in pairs(functions) do
    local y = x[name](x):totable()
    for i, v in ipairs(list) do lu.assertAlmostEquals(y[i], f(v), 2e-6, name) end
  end
  local p = x:abs() + 0.5
  for i, v in ipairs(p:totable()) do
    lu.assertAlmostEquals(p:log()[i], math.log(v), 1e-6)
    lu.assertAlmostEquals(p:sqrt()[i], math.sqrt(v), 1e-6)
    lu.assertAlmostEquals(p:pow(0.3)[i], v ^ 0.3, 1e-6)
  end
end

function TestFunctions:test_dtypes_and_halves()
  same(tensor{0.5, 1.5, -0.5, 2.4}:round(), {0, 2, 0, 2}, "float32")
  same(u8{3}:round(), {3}, "uint8")
  same(u8{3}:relu(), {3}, "uint8")
  same(i32{-3, 4}:relu(), {0, 4}, "int32")
  lu.assertEquals(u8{0}:exp().dtype, "float32")
  lu.assertEquals(u8{0}:exp()[1], 1)
end

function TestFunctions:test_clip()
  same(tensor{-1, 0.5, 2}:clip{0, 1}, {0, 0.5, 1})
  same(tensor{-1, 0.5, 2}:clip{high = 1}, {-1, 0.5, 1})
  same(u8{1, 200}:clip{2.5, 100}, {3, 100}, "uint8")
  same(u8{1, 200}:clip{low = 50}, {50, 200}, "uint8")
  refused("is above the upper one", function() tensor{1}:clip{2, 1} end)
  refused("did you mean 'low'?", function() tensor{1}:clip{lo = 1} end)
end

function TestFunctions:test_extremes()
  same(tensor{1, 5}:maximum(3), {3, 5})
  same(i32{1, 5}:minimum(i32{4, 2}), {1, 2}, "int32")
  local n = tensor{0/0, 1}:maximum(tensor{1, 0/0})
  lu.assertTrue(n:ne(n):all())
end

TestReductions = {}

function TestReductions:test_numbers()
  local x = tensor{{1, 2, 3}, {4, 5, 6}}
  lu.assertEquals(x:sum(), 21)
  lu.assertEquals(x:mean(), 3.5)
  lu.assertEquals(x:prod(), 720)
  lu.assertAlmostEquals(x:std(), math.sqrt(35 / 12), 1e-12)
  lu.assertEquals({x:min(), x:max(), x:argmin(), x:argmax()}, {1, 6, 1, 6})
  lu.assertEquals({x:any(), x:all(), x:gt(9):any()}, {true, true, false})
  lu.assertEquals(math.type(u8{1, 2}:sum()), "integer")
  lu.assertEquals(u8{255, 255}:sum(), 510)
  lu.assertEquals(i32{2147483647, 2147483647}:sum(), 4294967294)
  lu.assertEquals(tensor{}:sum(), 0)
  lu.assertEquals(tensor(4):sum(), 4)
  refused("min of no items (the shape is (0,))", function() return tensor{}:min() end)
end

function TestReductions:test_axes()
  local x = tensor{{1, 2, 3}, {4, 5, 6}}
  same(x:sum{axis = 1}, {5, 7, 9}, "float32")
  same(x:sum{axis = -1}, {6, 15})
  same(x:sum{axis = 2, keepdims = true}, {{6}, {15}})
  same(x:mean{axis = {1, 2}, keepdims = true}, {{3.5}})
  same(x:argmax{axis = 2}, {3, 3}, "int32")
  same(x:t():argmin{axis = 1}, {1, 1})
  same(x:cast("uint8"):max{axis = 1}, {4, 5, 6}, "uint8")
  same(x:gt(2):any{axis = 1}, {1, 1, 1}, "uint8")
  same(x:gt(2):all{axis = 2}, {0, 1})
  same(i32{2147483647, 1}:sum{axis = 1, keepdims = true}, {2147483647}, "int32")
  refused("axis 3 is out of range: there are 2", x.sum, x, {axis = 3})
  refused("did you mean 'axis'?", x.sum, x, {axes = 1})
  refused("takes one table", x.sum, x, 1)
  refused("works along one axis", x.argmax, x, {axis = {1, 2}})
end

-- Big ones take other paths: cut into blocks, and across neighbouring items.
function TestReductions:test_large()
  local x = tensor.ones{3000000}
  lu.assertEquals((x * 0.1):sum() / 300000.00447034836, 1)
  lu.assertEquals(tensor.arange{1000000, dtype = "int32"}:sum(), 500000500000)
  local y = tensor.arange{600000}:reshape{200000, 3}
  same(y:argmax{axis = 1}, {200000, 200000, 200000})
  lu.assertEquals(y:mean{axis = 1}:totable(), {299999.5, 300000.5, 300001.5})
  local z = tensor.uniform{40, 50, 60, seed = 9}
  for axis = 1, 3 do
    local fast = z:sum{axis = axis}
    local order = axis == 1 and {2, 3, 1} or axis == 2 and {1, 3, 2} or {1, 2, 3}
    local moved = z:transpose(order):clone():reshape{-1, z.shape[axis]}
    lu.assertTrue((moved:sum{axis = 2} - fast:reshape{-1}):abs():max() < 1e-5)
    lu.assertTrue(z:argmax{axis = axis}:reshape{-1}:eq(moved:argmax{axis = 2}):all())
  end
end

function TestReductions:test_accuracy()
  -- Far from 0 with a small spread: one pass over squares would lose it all.
  local x = tensor.normal{1000000, seed = 1} * 0.25 + 4096
  lu.assertAlmostEquals(x:std(), 0.25, 1e-3)
  lu.assertTrue(math.abs(tensor.full{10000000, value = 0.1}:mean() - 0.10000000149011612) < 1e-15)
end

function TestReductions:test_nan()
  local x = tensor{1, 0/0, 3}
  lu.assertIsNaN(x:min())
  lu.assertIsNaN(x:max())
  lu.assertEquals(x:argmax(), 2)
  lu.assertEquals(x:argmin(), 2)
  lu.assertIsNaN(x:median())
  local y = tensor{{1, 0/0}, {2, 3}}:max{axis = 1}
  lu.assertEquals(y[1], 2)
  lu.assertIsNaN(y[2])
end

function TestReductions:test_quantiles()
  local x = tensor{4, 1, 3, 2}
  lu.assertEquals(x:median(), 2.5)
  lu.assertEquals(x:quantile{0}, 1)
  lu.assertEquals(x:quantile{1}, 4)
  lu.assertEquals(x:quantile{0.25}, 1.75)
  same(tensor{{1, 9}, {2, 8}, {3, 7}}:median{axis = 1}, {2, 8})
  refused("lies between 0 and 1; 2 does not", x.quantile, x, {2})
end

TestProducts = {}

function TestProducts:test_shapes_and_views()
  local a, b = tensor.uniform{130, 70, seed = 1}, tensor.uniform{70, 300, seed = 2}
  local c = tensor.matmul{a, b}
  local slow = (a:unsqueeze(3) * b:unsqueeze(1)):sum{axis = 2}
  lu.assertTrue((c - slow):abs():max() < 1e-4)
  -- The order of the sums is the processor's own: a few units in the last place of the largest.
  lu.assertTrue((b:t():matmul(a:t()):t() - c):abs():max() < 1e-6 * c:abs():max())
  lu.assertTrue((a[{{}, {1, 70, 2}}]:matmul(b[{{1, 70, 2}}])
                 - a[{{}, {1, 70, 2}}]:clone():matmul(b[{{1, 70, 2}}]:clone())):abs():max() < 1e-6)
  lu.assertEquals(tensor{1, 2}:matmul(tensor{3, 4}), 11)
  same(i32{{1, 2}}:matmul(u8{{3}, {4}}), {{11}}, "float32")
  lu.assertEquals(tensor.zeros{2, 0}:matmul(tensor.zeros{0, 3}):totable(), {{0, 0, 0}, {0, 0, 0}})
  refused("cannot multiply matrices of shapes (2, 3) and (2, 3)", tensor.matmul,
          {tensor.zeros{2, 3}, tensor.zeros{2, 3}})
  refused("the right side of matmul must be a tensor, not number", a.matmul, a, 3)
end

os.exit(lu.LuaUnit.run())
