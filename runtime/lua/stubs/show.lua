---@meta

--- Shows values under the cell: figures and images as pictures, frames as tables, anything else as
--- text. The last expression of a cell is shown without it.
---@param ... any
function show(...) end
