---@meta

--- Folders of labelled images.
---@class data
data = {}

--- What `stage.dataset{dir = folder}` returns: the images of {train,val,test}/{class} folders (or of
--- class folders alone: split "all"), by split, class and name. #ds is their number. Only readable
--- images are listed; see ds:unreadable().
---@class pneuma.Dataset
---@field dir string
---@field classes string[] sorted, also those without an image
---@field splits string[] those of train, val, test that there are, or "all"
---@field path string[] one of each for every image, in the same order:
---@field split string[]
---@field class string[]
---@field patient string[] personN, IM-NNNN or NORMAL2-IM-NNNN of the file name, else all of it
---@field width pneuma.Tensor int32
---@field height pneuma.Tensor int32
---@field channels pneuma.Tensor int32, 1 or 3
---@field bytes pneuma.Tensor int32
local Dataset = {}

--- Makes a Dataset of the plain result of the stage.
---@param result table
---@param arguments? table
---@return pneuma.Dataset
function data.Dataset(result, arguments) end

--- How many images each class has in each split: a row a class, a column a split.
---@return pneuma.Frame
function Dataset:counts() end

--- Paths, sorted: `ds:paths{"train", "PNEUMONIA"}`; without class or split, of all.
---@param choice? table {split, class}
---@return string[]
function Dataset:paths(choice) end

--- Columns name, width, height, channels, bytes.
---@param choice? table {split, class}
---@return pneuma.Frame
function Dataset:sizes(choice) end

--- Columns path, split, class, reason. `stage.dataset{dir = , verify = true}` finds truncated files
--- too, which takes reading all files whole.
---@return pneuma.Frame
function Dataset:unreadable() end

--- The patients, each once, sorted.
---@param choice? table {split, class}
---@return string[]
function Dataset:patients(choice) end

--- The images for which keep(row) is true; a row has path, name, split, class, patient, width,
--- height, channels, bytes.
---@param keep fun(row: table): boolean
---@return pneuma.Dataset
function Dataset:filter(keep) end

--- n random images, decoded: `ds:sample{"train", "PNEUMONIA", n = 9, seed = 1, channels = 0}`. The same
--- seed (without one: the run's) gives the same images. An array with the fields names and paths. Skips what cannot be read
--- and says so; where there are fewer than n it takes all, and says so.
---@param choice? table
---@return pneuma.Tensor[]
function Dataset:sample(choice) end

--- Image number n of a split and class in the order of ds:paths, counted from 1; the last one where
--- there are fewer, the next one where it cannot be read, with a note: `ds:image{"train", "NORMAL",
--- n = 89, channels = 3}`.
---@param choice? table
---@return pneuma.Tensor image, string path
function Dataset:image(choice) end

--- Two Datasets, for training and validation, without a patient in both, and each with the classes'
--- shares of the whole as near as whole patients allow: `ds:split{val = 0.15, by = "patient", seed =
--- 1}`. Their one split is called "train" and "val"; `a:counts()` and `b:counts()` show the classes.
--- `split`: which images are split, a name or a list (preset: those of "train", where there is such
--- a split, so that test images stay out, else all); `by`: "patient" (preset) or "image"; `seed`
--- (the run's). (ds.split without a call is the column.)
---@param options? table
---@return pneuma.Dataset train, pneuma.Dataset val
function Dataset:split(options) end

--- `k` (5) pairs of Datasets: `for _, fold in ipairs(ds:kfold{k = 5, seed = 1}) do ... fold.train,
--- fold.val`; each image is in one `val`, a patient's images in the same. Other options as for split.
---@param options? table
---@return {train: pneuma.Dataset, val: pneuma.Dataset}[]
function Dataset:kfold(options) end

--- The same of any labels: the numbers of the items for training and of those for validation.
--- `data.group_split{labels, groups = patients, val = 0.15, seed = 1}`; without groups each item is
--- one.
---@param arguments table
---@return integer[] train, integer[] val
function data.group_split(arguments) end

--- `data.group_kfold{labels, groups = patients, k = 5, seed = 1}`.
---@param arguments table
---@return {train: integer[], val: integer[]}[]
function data.group_kfold(arguments) end

--- Weights by class name, as `fit` takes them: `data.class_weight{ds, mode = "balanced"}`. Instead of
--- a Dataset: counts by class name, or the frame of ds:counts(). `mode`: "balanced", images /
--- (classes * images of the class), or "seed", the share of the other classes; `split`: whose images
--- are counted (preset: "train", where there is one).
---@param arguments table
---@return table<string, number>
function data.class_weight(arguments) end

--- Random changes of training images and the scaling of all images, with Keras's options and
--- presets: `rescale`, `rotation_range` (degrees), `width_shift_range` and `height_shift_range` (0.2: a
--- share of the size; 5: whole pixels below that; a list: one of these), `shear_range` (degrees),
--- `zoom_range` (0.2 or {low, high}), `brightness_range` ({low, high}), `channel_shift_range`,
--- `horizontal_flip`, `vertical_flip`, `fill_mode` ("nearest", "constant", "reflect", "wrap"), `cval`,
--- `samplewise_center`, `samplewise_std_normalization`, `featurewise_center`,
--- `featurewise_std_normalization`, `validation_split`.
---
--- The same seed and epoch change an image in the same way. Unlike Keras 2.15, width_shift_range
--- moves along the width, and images that are not square turn about their centre.
---@param options? table
---@return pneuma.ImageDataGenerator
function data.ImageDataGenerator(options) end

---@class pneuma.ImageDataGenerator
local Generator = {}

--- Batches of the images in a folder with a folder for each class (in the order of their names), as
--- `gen:flow_from_directory{dir, target_size = {224, 224}, batch_size = 16}`. Prints how many it found.
--- Options: `target_size` ({256, 256}), `color_mode` ("rgb", "grayscale"), `classes` (names of folders),
--- `class_mode` ("binary", "categorical", "sparse", "input", "none"; without it "binary" for up to two
--- classes, else "categorical"), `batch_size` (32), `shuffle` (true), `seed` (the run's), `subset`
--- ("training", "validation": by the generator's validation_split), `interpolation` ("nearest" as Pillow,
--- "bilinear" as OpenCV), `cache_bytes` (2 GiB: decoded images are kept up to this).
---@param options table
---@return pneuma.Flow
function Generator:flow_from_directory(options) end

--- The same for what stage.dataset or ds:filter returns: `gen:flow_from_dataset{ds, split = "train"}`.
---@param options table
---@return pneuma.Flow
function Generator:flow_from_dataset(options) end

--- Batches of images (N, H, W, C) with targets: `gen:flow{x, y, batch_size = 32}`. Options: batch_size,
--- shuffle, seed, subset.
---@param options table
---@return pneuma.Flow
function Generator:flow(options) end

--- Finds what the featurewise options need: the mean and the deviation of x (N, H, W, C).
---@param options table
---@return pneuma.ImageDataGenerator
function Generator:fit(options) end

--- A random change of one image (H, W) or (H, W, C), not scaled, in float32:
--- `gen:random_transform{img, seed = 1}`; without a seed another one each time.
---@param options table
---@return pneuma.Tensor
function Generator:random_transform(options) end

--- Batches of tensors of any shape as they are: `data.flow{x, y, batch_size = 32}`. Options: batch_size,
--- shuffle (true), seed.
---@param options table
---@return pneuma.Flow
function data.flow(options) end

--- Samples in batches, for fit, evaluate and predict. #flow is the number of batches in an epoch.
---@class pneuma.Flow
---@field samples integer
---@field batch_size integer
---@field batches integer
---@field image_shape integer[] sizes of one sample
---@field classes pneuma.Tensor? int32: the class of each file from 0, in the order of paths
---@field class_names string[]?
---@field class_indices table? number of each class name, from 0
---@field class_mode string?
---@field paths string[]?
---@field filenames string[]? class/name
---@field directory string?
local Flow = {}

--- Batch number n of epoch number `epoch`, both from 1, as training gets it: `x, y = flow:batch{3}`. y is
--- nil where there are no targets. Files that cannot be read are left out, with a warning.
---@param options? table {n, epoch = 1}
---@return pneuma.Tensor x, pneuma.Tensor? y
function Flow:batch(options) end

--- Iterates over the first n batches: `for k, x, y in flow:take{4} do print(k, x.shape, y) end`.
---@param options? table {n, epoch = 1}
---@return fun(): integer?, pneuma.Tensor?, pneuma.Tensor?
function Flow:take(options) end

--- Columns path, reason: the files that the batches so far had to leave out.
---@return pneuma.Frame
function Flow:unreadable() end

--- What a stage needs to make the same batches: kind, config (JSON text), paths, x, y, class_names.
---@return table
function Flow:describe() end
