---@meta

--- Tables with ordered columns. A frame shows itself as a table; `f.name` is a column (an array),
--- `#f` the number of rows.
---
--- ```lua
--- local f = frame{{"class", {"NORMAL", "PNEUMONIA"}}, {"count", {1341, 3875}}}
--- local g = frame{columns = {"class", "count"}, {"NORMAL", 1341}, {"PNEUMONIA", 3875}}
--- ```
---
--- Columns come in as arrays or tensors of one axis and are copied.
---@class frame
---@overload fun(columns: table): pneuma.Frame
frame = {}

--- The same as calling `frame`.
---@param columns table
---@return pneuma.Frame
function frame.new(columns) end

--- Whether a value is a frame.
---@param value any
---@return boolean
function frame.is(value) end

--- Reads a CSV file (RFC 4180). Its first row names the columns; a column whose cells are all
--- numbers becomes numbers, with NaN for empty ones. Quoted cells stay text.
---@param path string
---@return pneuma.Frame
function frame.read_csv(path) end

--- The same from a string.
---@param source string
---@return pneuma.Frame
function frame.parse_csv(source) end

---@class pneuma.Frame
---@field [string] any[]
local Frame = {}

--- The columns' names, in order.
---@return string[]
function Frame:columns() end

--- A column by name; `f.name` is the same.
---@param name string
---@return any[]
function Frame:column(name) end

--- Row i as a table by column name.
---@param i integer
---@return table
function Frame:row(i) end

--- `for i, row in f:rows() do`.
---@return fun(): integer?, table?
function Frame:rows() end

--- A frame of these columns, in this order.
---@param names string|string[]
---@return pneuma.Frame
function Frame:select(names) end

--- A frame of the rows for which `keep(row)` is true.
---@param keep fun(row: table): any
---@return pneuma.Frame
function Frame:filter(keep) end

--- A frame in order of a column, or of several: `f:sort{by = "count", descending = true}`. Equal
--- rows keep their order.
---@param options string|{by: string|string[], descending?: boolean}
---@return pneuma.Frame
function Frame:sort(options) end

--- The first n rows (preset 5).
---@param n? integer
---@return pneuma.Frame
function Frame:head(n) end

--- The last n rows (preset 5).
---@param n? integer
---@return pneuma.Frame
function Frame:tail(n) end

--- Gives this frame a column (or replaces it); `f.name = values` does the same. Returns the frame.
---@param name string
---@param values table|userdata|fun(row: table): any
---@return pneuma.Frame
function Frame:add(name, values) end

--- A frame with one column changed by `change(value, row)`.
---@param name string
---@param change fun(value: any, row: table): any
---@return pneuma.Frame
function Frame:map(name, change) end

--- One row a group: `f:groupby{"class", images = "count", width = {"mean", "width"}}`. The unnamed
--- values are the columns that form the groups, which stand in order of appearance; the named ones
--- become columns, in alphabetical order: "count", or {aggregate, column} with count, sum, mean,
--- std, min, max, median, first, last or a function of an array.
---@param arguments table
---@return pneuma.Frame
function Frame:groupby(arguments) end

--- count, mean, std (over n - 1), min, quartiles and max of each column of numbers.
---@return pneuma.Frame
function Frame:describe() end

--- The frame as CSV text; with a path it is written there and the frame returned.
---@param path? string
---@return string|pneuma.Frame
function Frame:csv(path) end
