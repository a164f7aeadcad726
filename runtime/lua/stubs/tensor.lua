---@meta

--- Tensors: numbers in N dimensions, as NumPy's arrays, of dtype `float32` (the default), `uint8`
--- or `int32`. Everything is counted from 1 and slices include both ends.
---
--- ```lua
--- local x = tensor{{1, 2, 3}, {4, 5, 6}}
--- x[2][3]                 -- 6
--- x[{{}, {1, 2}}]         -- a view of the first two columns
--- x:mean{axis = 1}        -- tensor{2.5, 3.5, 4.5}
--- (x * 2):gt(5):sum()     -- 4
--- ```
---
--- dtypes: float32 with anything gives float32; integers give int32, limited to what int32 holds
--- instead of wrapping round; `/` and `^` always give float32. A whole Lua number (2) counts as an
--- integer, 2.0 as a float. `//` and `%` round as Lua's do. `==` asks whether two names mean the
--- same tensor; compare items with `x:eq(y)`. `&`, `|` and `~` join masks.
---@class pneuma.tensor
---@overload fun(items: table|number|pneuma.Tensor): pneuma.Tensor
tensor = {}

---@alias pneuma.dtype "float32"|"uint8"|"int32"
---@alias pneuma.Operand pneuma.Tensor|number
---@alias pneuma.AxisOption {axis: integer|integer[], keepdims: boolean}

---@class pneuma.Tensor
---@field shape integer[] items along each axis
---@field rank integer how many axes
---@field dtype pneuma.dtype
---@field size integer how many items
---@operator add(pneuma.Operand): pneuma.Tensor
---@operator sub(pneuma.Operand): pneuma.Tensor
---@operator mul(pneuma.Operand): pneuma.Tensor
---@operator div(pneuma.Operand): pneuma.Tensor
---@operator idiv(pneuma.Operand): pneuma.Tensor
---@operator mod(pneuma.Operand): pneuma.Tensor
---@operator pow(pneuma.Operand): pneuma.Tensor
---@operator unm: pneuma.Tensor
---@operator band(pneuma.Operand): pneuma.Tensor
---@operator bor(pneuma.Operand): pneuma.Tensor
---@operator bnot: pneuma.Tensor
---@operator len: integer
local Tensor = {}

-- Creation -------------------------------------------------------------------------------------

--- Zeros of a shape: `tensor.zeros{2, 3}`, `tensor.zeros{x.shape, dtype = "uint8"}`.
---@param shape table sizes, then the option `dtype`
---@return pneuma.Tensor
function tensor.zeros(shape) end

--- Ones of a shape.
---@param shape table sizes, then the option `dtype`
---@return pneuma.Tensor
function tensor.ones(shape) end

--- One number everywhere: `tensor.full{2, 3, value = 0.5}`.
---@param shape table sizes, then the options `value` and `dtype`
---@return pneuma.Tensor
function tensor.full(shape) end

--- Numbers as Lua's `for` counts them, the last one included: `{n}` is 1 to n, `{first, last}`,
--- `{first, last, step}`.
---@param range table and the option `dtype`
---@return pneuma.Tensor
function tensor.arange(range) end

--- `{first, last, count}`: count numbers from first to last, both included; 50 without a count.
---@param range table and the option `dtype`
---@return pneuma.Tensor
function tensor.linspace(range) end

--- Ones on the diagonal: `tensor.eye{3}`, `tensor.eye{2, 3}`.
---@param size table and the option `dtype`
---@return pneuma.Tensor
function tensor.eye(size) end

--- Random numbers in [low, high): `tensor.uniform{2, 3, low = -1, high = 1, seed = 42}`. The same
--- seed gives the same numbers; without one each call continues from `tensor.seed`.
---@param shape table sizes, then the options `low` (0), `high` (1), `seed`
---@return pneuma.Tensor
function tensor.uniform(shape) end

--- Normally distributed random numbers.
---@param shape table sizes, then the options `mean` (0), `std` (1), `seed`
---@return pneuma.Tensor
function tensor.normal(shape) end

--- Starts the random numbers of calls without a seed anew (at first the run's seed, `--seed`).
---@param seed integer
function tensor.seed(seed) end

--- Reads a .npy file: little-endian f4, f8, u1, b1, i1, i2, u2, i4, u4, i8.
---@param path string
---@return pneuma.Tensor
function tensor.load(path) end

---@param value any
---@return boolean
function tensor.is_tensor(value) end

-- Together -------------------------------------------------------------------------------------

--- One after the other along an axis they have: `tensor.concat{a, b, axis = 2}`.
---@param tensors table and the option `axis` (1)
---@return pneuma.Tensor
function tensor.concat(tensors) end

--- Along a new axis: `tensor.stack{a, b, axis = 1}`, `tensor.stack{list, axis = 1}`.
---@param tensors table and the option `axis` (1)
---@return pneuma.Tensor
function tensor.stack(tensors) end

--- `tensor.where{mask, a, b}`: the items of a where the mask is not 0, else those of b.
---@param operands table
---@return pneuma.Tensor
function tensor.where(operands) end

--- `tensor.matmul{a, b}`: see `x:matmul`.
---@param operands table
---@return pneuma.Tensor|number
function tensor.matmul(operands) end

-- Items and shapes -----------------------------------------------------------------------------

--- The number in a tensor of one item.
---@return number
function Tensor:item() end

--- The items as nested Lua tables.
---@return table|number
function Tensor:totable() end

--- The same items in another shape, -1 for what is left: `x:reshape{2, -1}`. A view where that is
--- possible.
---@param shape integer[]
---@return pneuma.Tensor
function Tensor:reshape(shape) end

--- A view with the axes in another order: `x:transpose{2, 3, 1}`; turned round without one.
---@param order integer[]?
---@return pneuma.Tensor
function Tensor:transpose(order) end

--- A view with the axes turned round.
---@return pneuma.Tensor
function Tensor:t() end

--- A view without the axes of size 1, or without one of them.
---@param axis integer|{axis: integer}?
---@return pneuma.Tensor
function Tensor:squeeze(axis) end

--- A view with a new axis of size 1 at `axis`.
---@param axis integer|{axis: integer}
---@return pneuma.Tensor
function Tensor:unsqueeze(axis) end

--- A view with one axis turned round, or all.
---@param axis integer|{axis: integer}?
---@return pneuma.Tensor
function Tensor:flip(axis) end

--- A copy in another dtype. float32 to an integer cuts the fraction off; what is out of range
--- becomes the nearest end of the range, NaN 0.
---@param dtype pneuma.dtype
---@return pneuma.Tensor
function Tensor:cast(dtype) end

--- A copy.
---@return pneuma.Tensor
function Tensor:clone() end

--- The items with these indices along an axis: `x:take{{3, 1}, axis = 2}`.
---@param arguments table indices (a table or an int32 tensor) and the option `axis` (1)
---@return pneuma.Tensor
function Tensor:take(arguments) end

--- Repeated along each axis: `x:tile{2, 3}`.
---@param times integer[]
---@return pneuma.Tensor
function Tensor:tile(times) end

--- The text NumPy prints, without the line of dtype and shape.
---@param options {precision: integer, threshold: integer, edgeitems: integer, linewidth: integer, suppress: boolean}?
---@return string
function Tensor:format(options) end

--- Writes a .npy file; one already there is replaced whole.
---@param path string
---@return pneuma.Tensor self
function Tensor:save(path) end

-- Comparisons: uint8, 0 or 1 -------------------------------------------------------------------

---@param y pneuma.Operand
---@return pneuma.Tensor
function Tensor:gt(y) end

---@param y pneuma.Operand
---@return pneuma.Tensor
function Tensor:ge(y) end

---@param y pneuma.Operand
---@return pneuma.Tensor
function Tensor:lt(y) end

---@param y pneuma.Operand
---@return pneuma.Tensor
function Tensor:le(y) end

---@param y pneuma.Operand
---@return pneuma.Tensor
function Tensor:eq(y) end

---@param y pneuma.Operand
---@return pneuma.Tensor
function Tensor:ne(y) end

-- Functions of each item -----------------------------------------------------------------------

---@return pneuma.Tensor
function Tensor:abs() end

--- max(x, 0)
---@return pneuma.Tensor
function Tensor:relu() end

--- To the nearest whole number, halves to the even one.
---@return pneuma.Tensor
function Tensor:round() end

---@return pneuma.Tensor
function Tensor:floor() end

---@return pneuma.Tensor
function Tensor:ceil() end

---@return pneuma.Tensor
function Tensor:exp() end

--- The natural logarithm.
---@return pneuma.Tensor
function Tensor:log() end

---@return pneuma.Tensor
function Tensor:sqrt() end

---@return pneuma.Tensor
function Tensor:sin() end

---@return pneuma.Tensor
function Tensor:cos() end

---@return pneuma.Tensor
function Tensor:tanh() end

--- 1 / (1 + exp(-x))
---@return pneuma.Tensor
function Tensor:sigmoid() end

--- x ^ y
---@param y pneuma.Operand
---@return pneuma.Tensor
function Tensor:pow(y) end

--- The larger of two items; NaN when one is.
---@param y pneuma.Operand
---@return pneuma.Tensor
function Tensor:maximum(y) end

--- The smaller of two items; NaN when one is.
---@param y pneuma.Operand
---@return pneuma.Tensor
function Tensor:minimum(y) end

--- Limited to a range: `x:clip{0, 1}`, `x:clip{low = 0}`.
---@param bounds table {low, high} or the options `low` and `high`
---@return pneuma.Tensor
function Tensor:clip(bounds) end

--- The matrix product as float32, as numpy.matmul; a number for two tensors of one axis.
---@param y pneuma.Tensor
---@return pneuma.Tensor|number
function Tensor:matmul(y) end

-- In place -------------------------------------------------------------------------------------

--- Adds y to each item.
---@param y pneuma.Operand
---@return pneuma.Tensor self
function Tensor:add_(y) end

--- Subtracts y from each item.
---@param y pneuma.Operand
---@return pneuma.Tensor self
function Tensor:sub_(y) end

--- Multiplies each item by y.
---@param y pneuma.Operand
---@return pneuma.Tensor self
function Tensor:mul_(y) end

--- Sets each item to a number.
---@param value number
---@return pneuma.Tensor self
function Tensor:fill_(value) end

-- Reductions: a number over all items, a tensor along `axis` (one, or a list) --------------------

---@param options pneuma.AxisOption?
---@return number|pneuma.Tensor
function Tensor:sum(options) end

---@param options pneuma.AxisOption?
---@return number|pneuma.Tensor
function Tensor:prod(options) end

---@param options pneuma.AxisOption?
---@return number|pneuma.Tensor
function Tensor:mean(options) end

--- The variance of the population: divided by the count.
---@param options pneuma.AxisOption?
---@return number|pneuma.Tensor
function Tensor:var(options) end

--- The standard deviation of the population.
---@param options pneuma.AxisOption?
---@return number|pneuma.Tensor
function Tensor:std(options) end

---@param options pneuma.AxisOption?
---@return number|pneuma.Tensor
function Tensor:min(options) end

---@param options pneuma.AxisOption?
---@return number|pneuma.Tensor
function Tensor:max(options) end

--- The position of the first smallest item, from 1.
---@param options pneuma.AxisOption?
---@return integer|pneuma.Tensor
function Tensor:argmin(options) end

--- The position of the first largest item, from 1.
---@param options pneuma.AxisOption?
---@return integer|pneuma.Tensor
function Tensor:argmax(options) end

--- Whether an item is not 0.
---@param options pneuma.AxisOption?
---@return boolean|pneuma.Tensor
function Tensor:any(options) end

--- Whether no item is 0.
---@param options pneuma.AxisOption?
---@return boolean|pneuma.Tensor
function Tensor:all(options) end

---@param options pneuma.AxisOption?
---@return number|pneuma.Tensor
function Tensor:median(options) end

--- `x:quantile{0.25, axis = 1}`, linear between neighbours as numpy.quantile.
---@param arguments table
---@return number|pneuma.Tensor
function Tensor:quantile(arguments) end
