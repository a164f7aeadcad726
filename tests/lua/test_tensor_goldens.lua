-- Tensors against what NumPy prints and computes (tests/peers/goldens_tensor.py).
local lu = require "luaunit"
local tensor = require "pneuma".tensor
local here = arg[0]:match "^(.*)/" or "."
local goldens = dofile(here .. "/data/tensor_goldens.lua")

local function build(case)
  if #case.shape == 0 then
    local x = tensor.zeros{1, dtype = case.dtype}
    x[1] = case.values[1]
    return x:reshape{}
  end
  case.values.dtype = case.dtype
  return tensor(case.values):reshape(case.shape)
end

function test_texts()
  for i, case in ipairs(goldens.texts) do
    lu.assertEquals(build(case):format(case.options), case.text, "text " .. i)
  end
end

function test_single_numbers()
  for _, case in ipairs(goldens.singles) do
    local x = tensor{case[1]}
    lu.assertEquals(x:format(), case[2])
    lu.assertEquals(x:reshape{}:format(), case[3])
  end
end

function test_large_tensors_are_summed_up()
  for _, case in ipairs(goldens.large) do
    local size = 1
    for _, n in ipairs(case.shape) do size = size * n end
    local x = tensor.arange{size, dtype = case.dtype}:reshape(case.shape)
    if case.divide then x = x / case.divide end
    lu.assertEquals(x:format(), case.text)
  end
end

local function near(x, expected, what)
  local list = type(x) == "number" and {x} or x:reshape{-1}:totable()
  lu.assertEquals(#list, #expected, what)
  for i, v in ipairs(list) do
    lu.assertAlmostEquals(v, expected[i], 2e-6 * math.max(1, math.abs(expected[i])), what)
  end
end

function test_reductions()
  for _, case in ipairs(goldens.sums) do
    local x = tensor(case.values):reshape(case.shape)
    local options = #case.axis > 0 and {axis = case.axis} or nil
    for _, name in ipairs{"sum", "mean", "std", "var", "min", "max", "median"} do
      near(x[name](x, options), case[name], name)
    end
    near(x:quantile{0.3, axis = options and case.axis}, case.quantile, "quantile")
  end
end

function test_matrix_products()
  for _, case in ipairs(goldens.products) do
    local a = tensor(case.a):reshape(case.a_shape)
    local b = tensor(case.b):reshape(case.b_shape)
    local c = a:matmul(b)
    if #case.c_shape > 0 then lu.assertEquals(c.shape, case.c_shape) end
    near(c, case.c, "matmul")
  end
end

os.exit(lu.LuaUnit.run())
