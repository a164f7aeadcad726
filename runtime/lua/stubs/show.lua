---@meta

--- Shows values under the cell: figures and images as pictures, frames as tables, anything else as
--- text: plain tables by what is in them, {1, 2, 3}. The last expression of a cell is shown without it.
---@param ... any
function show(...) end
