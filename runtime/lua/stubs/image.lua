---@meta

--- Images: files, sizes, colours, pictures. An image is a tensor (height, width) when grey, or
--- (height, width, channels) with 1 or 3 channels, red first: uint8 0..255, int32 0..65535 (files of
--- 16 bits) or float32 0..1. Wherever an image is taken, a picture is taken too.
---@class image
image = {}

--- A name of a colour map: matplotlib's viridis, OpenCV's jet, or gray.
---@alias pneuma.Cmap "viridis"|"jet"|"gray"

--- An image that shows itself (in a report as PNG).
---@class pneuma.Picture
---@field tensor pneuma.Tensor uint8 (height, width) or (height, width, 3)
---@field height integer
---@field width integer

---@class pneuma.ImageInfo
---@field height integer as decoded
---@field width integer
---@field channels integer 1 or 3
---@field depth integer 8, or 16 for files that give int32
---@field format string "JPEG", "PNG", "BMP" or "PGM/PPM"

--- Reads a JPEG, PNG, BMP, PGM or PPM file: `image.read(path)` or `image.read{path, channels = 3}`.
--- channels: 0 as stored (the default), 1 grey, 3 RGB. Alpha is dropped; the orientation in EXIF is
--- applied, as OpenCV's imread does. Truncated files are refused.
---@param arguments string|table
---@return pneuma.Tensor
function image.read(arguments) end

--- Size, channels and format of a file from its header alone.
---@param path string|table
---@return pneuma.ImageInfo
function image.info(path) end

--- `image.write{img, path, quality = 95}` writes .jpg, .png, .bmp, .pgm or .ppm, whole or not at all;
--- folders that are missing are made.
--- float32 is clipped to 0..1; int32 keeps its 16 bits in .pgm and .ppm, and needs one of them.
---@param arguments table
function image.write(arguments) end

--- `image.resize{img, {height, width}, method = "bilinear"}` resizes an image or each one of a batch
--- (N, height, width, channels). "bilinear" equals OpenCV's INTER_LINEAR, "nearest" Pillow's NEAREST.
---@param arguments table
---@return pneuma.Tensor
function image.resize(arguments) end

--- One channel from three, with the weights of OpenCV's cvtColor; also of a batch.
---@param img pneuma.Tensor|table
---@return pneuma.Tensor
function image.gray(img) end

--- Three equal channels from one; also of a batch.
---@param img pneuma.Tensor|table
---@return pneuma.Tensor
function image.rgb(img) end

--- `image.colormap{img, cmap = "viridis", low = , high = }` colours a grey image: uint8
--- (height, width, 3). low and high: 0 and 255 for uint8, 0 and 1 for float32, the image's own range
--- for int32.
---@param arguments table
---@return pneuma.Tensor
function image.colormap(arguments) end

--- `image.overlay{img, heat, alpha = 0.4, mode = "blend", cmap = "jet"}` lays a heat map (h, w) of
--- 0..1, or a batch of one, over an image. "blend": (1 - alpha) image + alpha colours; "add": image +
--- alpha colours, clipped.
---@param arguments table
---@return pneuma.Tensor uint8 (height, width, 3)
function image.overlay(arguments) end

--- `image.picture(img)` or `image.picture{img, cmap = "viridis"}`.
---@param arguments table|pneuma.Tensor
---@return pneuma.Picture
function image.picture(arguments) end

--- Shows an image now; takes what image.picture takes.
---@param arguments table|pneuma.Tensor
function image.show(arguments) end

--- `image.row{a, b, ..., gap = 8, size = 512, cmap = }` puts images side by side; those with a side
--- over `size` pixels are made smaller.
---@param arguments table
---@return pneuma.Picture
function image.row(arguments) end

--- `image.grid{list, cols = , gap = 8, size = 256, cmap = }` puts images in rows of `cols` (by default
--- as square as it gets). The list may be an array, a batch, or images one by one.
---@param arguments table
---@return pneuma.Picture
function image.grid(arguments) end
