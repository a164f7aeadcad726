---@meta

--- Layers, models, training: Keras's classes under Keras's names, with its options and presets.
---
--- ```lua
--- local m = nn.Sequential{nn.Input{224, 224, 3}, nn.Conv2D{32, 3, activation = "relu"},
---                         nn.Flatten{}, nn.Dense{1, activation = "sigmoid"}}
--- m:compile{optimizer = "adam", loss = "binary_crossentropy", metrics = {"accuracy"}}
--- local h = m:fit{train, epochs = 10, validation_data = val}
--- ```
---
--- Shapes are those of one sample, without the batch. Axes are counted from 1, the batch's.
---@class nn
nn = {}

-- Layers ---------------------------------------------------------------------------------------

--- A layer. Calling it on a symbolic tensor (or an array of them) gives the next one; on a tensor
--- it computes at once. All options of Keras's constructor are options here: an unknown one is
--- refused with a suggestion.
---@class pneuma.Layer
---@field name string? its name; nil before it is in a model, when none was given
---@field class_name string "Conv2D"
---@field trainable boolean may be set
---@field config table as Keras's get_config()
---@field input_shape integer[]
---@field output_shape integer[]
---@field output pneuma.Symbol what it gives in its model
---@field weights pneuma.Tensor[] the weights themselves, by number and by name (weights.kernel)
---@overload fun(x: pneuma.Symbol|pneuma.Tensor|table): any
local Layer = {}

--- Copies of its weights, in Keras's order.
---@return pneuma.Tensor[]
function Layer:get_weights() end

--- Replaces all its weights by copies of these.
---@param weights pneuma.Tensor[]
---@return pneuma.Layer
function Layer:set_weights(weights) end

--- Numbers in its weights.
---@return integer
function Layer:count_params() end

--- What nn.Input gives, and a layer called on such: the result of a layer, without numbers.
---@class pneuma.Symbol
---@field shape integer[] of one sample

--- `nn.Input{224, 224, 3}` or `nn.Input{shape = {224, 224, 3}, name = "image"}`.
---@param options table
---@return pneuma.Symbol
function nn.Input(options) end

--- The layer behind nn.Input.
---@param options table shape, or `shape`; `name`
---@return pneuma.Layer
function nn.InputLayer(options) end

--- `nn.Conv2D{filters, kernel_size, strides, padding}`; `padding` "valid" or "same", `strides`,
--- `dilation_rate`, `activation`, `use_bias`, `kernel_initializer`, `bias_initializer`, `name`,
--- `trainable`, `input_shape`.
---@param options table
---@return pneuma.Layer
function nn.Conv2D(options) end

--- `nn.Dense{units, activation}`; `use_bias`, `kernel_initializer`, `bias_initializer`.
---@param options table
---@return pneuma.Layer
function nn.Dense(options) end

--- `nn.BatchNormalization{}`; `axis`, `momentum` (0.99), `epsilon` (1e-3), `center`, `scale`.
---@param options? table
---@return pneuma.Layer
function nn.BatchNormalization(options) end

--- `nn.MaxPooling2D{pool_size, strides, padding}`.
---@param options? table
---@return pneuma.Layer
function nn.MaxPooling2D(options) end

--- `nn.AveragePooling2D{pool_size, strides, padding}`.
---@param options? table
---@return pneuma.Layer
function nn.AveragePooling2D(options) end

--- The mean of each channel; `keepdims`.
---@param options? table
---@return pneuma.Layer
function nn.GlobalAveragePooling2D(options) end

--- The greatest value of each channel; `keepdims`.
---@param options? table
---@return pneuma.Layer
function nn.GlobalMaxPooling2D(options) end

--- All numbers of a sample in one row.
---@param options? table
---@return pneuma.Layer
function nn.Flatten(options) end

--- `nn.Reshape{7, 7, 512}` or `nn.Reshape{target_shape = {-1, 512}}`.
---@param options table
---@return pneuma.Layer
function nn.Reshape(options) end

--- `nn.Dropout{rate}`: while training drops a share of the numbers and scales the rest up.
---@param options table
---@return pneuma.Layer
function nn.Dropout(options) end

--- `nn.ZeroPadding2D{padding}`: n, {rows, columns} or {{top, bottom}, {left, right}}.
---@param options? table
---@return pneuma.Layer
function nn.ZeroPadding2D(options) end

--- `nn.Rescaling{scale, offset}`.
---@param options table
---@return pneuma.Layer
function nn.Rescaling(options) end

--- The sum of its inputs: `nn.Add{}{a, b}`.
---@param options? table
---@return pneuma.Layer
function nn.Add(options) end

--- Its inputs side by side: `nn.Concatenate{axis = -1}{a, b}`.
---@param options? table
---@return pneuma.Layer
function nn.Concatenate(options) end

--- `nn.Activation{"relu"}`: relu, leaky_relu, relu6, sigmoid, tanh, softmax, linear.
---@param options table
---@return pneuma.Layer
function nn.Activation(options) end

--- `nn.ReLU{max_value, negative_slope, threshold}`.
---@param options? table
---@return pneuma.Layer
function nn.ReLU(options) end

--- `nn.LeakyReLU{alpha}`.
---@param options? table
---@return pneuma.Layer
function nn.LeakyReLU(options) end

--- `nn.Softmax{axis}`.
---@param options? table
---@return pneuma.Layer
function nn.Softmax(options) end

-- Models ---------------------------------------------------------------------------------------

--- `nn.Sequential{layer, layer, ..., name = , seed = }`: layers and models one behind the other. It
--- begins with nn.Input{...}, or a first layer with `input_shape`, or takes the shape of what it is
--- given first. `seed` draws the first weights (without it: the run's).
---@param layers? table
---@return pneuma.Model
function nn.Sequential(layers) end

--- `nn.Model{inputs = x, outputs = y, name = , seed = }`: the model between symbolic tensors, one or
--- several of each.
---@param options table
---@return pneuma.Model
function nn.Model(options) end

--- VGG-Face as DeepFace builds it: `nn.VGGFace{weights = "vgg_face_weights.h5"}`. `cut` (true) ends it
--- at its descriptor, the second convolution of 4096, after ReLU. Without weights they are random.
---@param options? table weights, cut, name, seed
---@return pneuma.Model
function nn.VGGFace(options) end

--- The convolutions of any VGG, from a file: `nn.VGG{"vgg.safetensors", input_shape = {224, 224, 3}}`. A
--- file with an architecture (.safetensors of Pneuma's, .h5 of Keras's) is taken at its word. One
--- with weights alone must name its convolutions by block, as conv1_1, conv1_2, conv2_1, ... or
--- block1_conv1, ...: 3x3, "same", ReLU, with a 2x2 max pooling between blocks; a 1x1 convolution before
--- the first block only maps colours. Dense layers behind them are left out. `pooling` (false): a
--- pooling after the last block, too; `name`.
---@param options table
---@return pneuma.Model
function nn.VGG(options) end

--- The model that m:to_json() or Keras's to_json() described, with new weights.
---@param json string
---@return pneuma.Model
function nn.model_from_json(json) end

--- A model that comes with Pneuma, by name: `nn.pretrained{"small_face_vgg"}`; an unknown name is an
--- error that lists them.
---@param name string|table
---@return pneuma.Model
function nn.pretrained(name) end

--- Reads a model: `nn.load_model{"model.safetensors"}`; a Keras .h5 file, too.
---@param path string|table
---@return pneuma.Model
function nn.load_model(path) end

--- A model. Calling it on a tensor gives its outputs for it, on a symbolic tensor the next one: a
--- model may be a layer of another.
---@class pneuma.Model
---@field name string may be set
---@field layers (pneuma.Layer|pneuma.Model)[] in order; the input of a Sequential is none of them
---@field trainable boolean true while any layer is; setting it sets all layers
---@field input_shape integer[]
---@field output_shape integer[]
---@field inputs pneuma.Symbol[]
---@field outputs pneuma.Symbol[]
---@field weights pneuma.Tensor[] the weights themselves, by number and by name ("conv2d/kernel:0")
---@field input table? the images it was made for: size, interpolation, color_mode, rescale, classes, threshold, data; filled in by fit, kept in files
---@field optimizer any as compiled
---@field loss any as compiled
---@field metrics table? as compiled
---@field history pneuma.History? of the last fit
---@overload fun(x: pneuma.Symbol|pneuma.Tensor|table): any
local Model = {}

--- Appends a layer or a model to a Sequential and returns it: `m:add(a):add(b)`.
---@param layer pneuma.Layer|pneuma.Model
---@return pneuma.Model
function Model:add(layer) end

--- Says what shape the input of a Sequential has: `m:build{224, 224, 3}`.
---@param shape integer[]
---@return pneuma.Model
function Model:build(shape) end

--- A layer by its name, also of a nested model ("conv2d_12", "vgg_face/conv2d_12"), or by its number
--- in m.layers; a nested model by its name.
---@param name string|integer
---@return pneuma.Layer|pneuma.Model
function Model:layer(name) end

--- The same as m:layer.
---@param name string|integer
---@return pneuma.Layer|pneuma.Model
function Model:get_layer(name) end

--- Prints the table of the layers as Keras 2.15 does.
function Model:summary() end

--- Numbers in all weights; `m:count_params{trainable = true}`: in those that train.
---@param options? table
---@return integer
function Model:count_params(options) end

--- Copies of all weights, in Keras's order.
---@return pneuma.Tensor[]
function Model:get_weights() end

--- Replaces all weights by copies of these; nothing changes when one does not fit.
---@param weights pneuma.Tensor[]
---@return pneuma.Model
function Model:set_weights(weights) end

--- The architecture, as Keras 2 writes it.
---@return string
function Model:to_json() end

--- Class activation maps: `m:gradcam{x, class = "PNEUMONIA", layer = "conv2d_3", from = "logit"}`. `x`:
--- an image as the model takes it (m:prepare), or a batch of them. `class`: a name, or a label (0, 1;
--- 1 without it); `layer`: a name (without it the last convolution, with its activation); `method`: "gradcam",
--- "gradcam++", "hirescam", "layercam", "xgradcam"; `from`: "probability" (as the study did), or
--- "logit", before the last activation; `normalize` (true): each map runs to 1; `batch_size` (8).
---@param options table
---@return pneuma.Tensor map (height, width) of an image, (n, height, width) of a batch
---@return pneuma.Tensor output what the model gives
function Model:gradcam(options) end

--- Images as the model was trained on them (size, filter, colour, scale of `m.input`):
--- `m:prepare{path}`, `m:prepare{img}`, `m:prepare{{one, two}}`. A path gives the very numbers of
--- training; a colour JPEG read before this no longer has the grey of its file, and may differ by 1.
---@param images pneuma.Tensor|string|table
---@return pneuma.Tensor float32 (n, height, width, channels)
function Model:prepare(images) end

--- A model of its own with the same layers and copies of the weights; `m:clone{weights = false, seed =
--- 2}` draws new ones; `input_shape = {224, 224, 3}` lets a convolutional model take other sizes.
---@param options? table weights, seed, name, input_shape
---@return pneuma.Model
function Model:clone(options) end

--- Says how it learns: `m:compile{optimizer = "adam", loss = "binary_crossentropy", metrics =
--- {"accuracy"}}`, names or objects such as nn.Adam{1e-4}.
---@param options table
---@return pneuma.Model
function Model:compile(options) end

--- Trains: `m:fit{flow, epochs = 10, validation_data = val}` or `m:fit{x, y, ...}`. Options: `epochs`
--- (1), `batch_size` (32; a flow has its own), `validation_data` (a flow or {x, y}), `validation_split`
--- (of tensors), `class_weight` ({NORMAL = 0.74, PNEUMONIA = 0.26}, {[0] = , [1] = } or "balanced"),
--- `callbacks`, `verbose` (0, 1, 2), `steps_per_epoch`, `validation_steps`, `initial_epoch` (0),
--- `shuffle` (true), `seed` (the run's), `frozen_dropout` (true: dropout in frozen parts drops while
--- training, as in Keras), `one_class` (false: all samples of one class are refused),
--- `reuse_features` (true: what stands before the first layer that trains or is random is computed
--- once for each image, when nothing changes the images at random).
---
--- A callback is an object such as nn.EarlyStopping{...}, or a function(epoch, logs), which is told of
--- each epoch (from 1). The same training comes from the cache, with the same lines. Each fit begins
--- with a fresh optimizer.
---@param options table
---@return pneuma.History
function Model:fit(options) end

--- The loss and the metrics over a flow or x and y: `m:evaluate{test}`; prints Keras's line unless
--- `verbose = 0`. Options: batch_size, steps, verbose.
---@param options table
---@return pneuma.Scores
function Model:evaluate(options) end

--- What the model gives for each sample: (N, ...). `m:predict(x)`, `m:predict{x, batch_size = 32}`, or
--- of a flow, in the order of its samples; an array where it has several outputs.
---@param options table|pneuma.Tensor|pneuma.Flow
---@return pneuma.Tensor
function Model:predict(options) end

--- Writes the model: architecture, weights, settings, m.input. The end of the path says how:
--- .safetensors, or .h5 for Keras.
---@param path string|table
---@return pneuma.Model
function Model:save(path) end

--- The same file as m:save; m:load_weights takes the weights alone from it.
---@param path string|table
---@return pneuma.Model
function Model:save_weights(path) end

--- Takes the weights of a file: by position, as Keras does (layers without weights are passed over, the
--- rest must fit), or `m:load_weights{path, by_name = true}` where names are the same.
---@param options string|table
---@return pneuma.Model
function Model:load_weights(options) end

--- What evaluate returns: scores.loss, scores.accuracy; or by number, in Keras's order.
---@class pneuma.Scores
---@field names string[]
---@field loss number

--- What fit returns; prints as a table, and plot.history draws it.
---@class pneuma.History
---@field history table<string, number[]> loss, accuracy, val_loss, ...: a number for each epoch
---@field epoch integer[] from 1
---@field names string[] of the numbers, in Keras's order
---@field params table epochs, initial_epoch, steps, verbose
---@field class_weight any as given
---@field stopped boolean whether a callback ended it early
---@field best_epoch integer? with an EarlyStopping
local History = {}

--- One row an epoch.
---@return pneuma.Frame
function History:frame() end

-- How models learn -----------------------------------------------------------------------------

--- A Keras object: its class and its options.
---@class pneuma.Named
---@field class_name string
---@field config table

--- `nn.SGD{learning_rate, momentum, nesterov = }`; 0.01.
---@param options? table
---@return pneuma.Named
function nn.SGD(options) end

--- `nn.Adam{learning_rate, beta_1 = , beta_2 = , epsilon = , amsgrad = , weight_decay = , clipnorm = }`;
--- 0.001. A learning rate may be a schedule.
---@param options? table
---@return pneuma.Named
function nn.Adam(options) end

--- Adam with `weight_decay` (0.004).
---@param options? table
---@return pneuma.Named
function nn.AdamW(options) end

--- `nn.RMSprop{learning_rate, rho = , momentum = , epsilon = , centered = }`.
---@param options? table
---@return pneuma.Named
function nn.RMSprop(options) end

--- `nn.ExponentialDecay{initial_learning_rate, decay_steps, decay_rate, staircase = }`.
---@param options table
---@return pneuma.Named
function nn.ExponentialDecay(options) end

--- `nn.InverseTimeDecay{initial_learning_rate, decay_steps, decay_rate, staircase = }`.
---@param options table
---@return pneuma.Named
function nn.InverseTimeDecay(options) end

--- `nn.PolynomialDecay{initial_learning_rate, decay_steps, end_learning_rate, power = , cycle = }`.
---@param options table
---@return pneuma.Named
function nn.PolynomialDecay(options) end

--- `nn.CosineDecay{initial_learning_rate, decay_steps, alpha = , warmup_target = , warmup_steps = }`.
---@param options table
---@return pneuma.Named
function nn.CosineDecay(options) end

--- `nn.PiecewiseConstantDecay{boundaries, values}`.
---@param options table
---@return pneuma.Named
function nn.PiecewiseConstantDecay(options) end

--- For outputs between 0 and 1; `from_logits`, `label_smoothing`.
---@param options? table
---@return pneuma.Named
function nn.BinaryCrossentropy(options) end

--- For targets with a one among zeros; `from_logits`, `label_smoothing`.
---@param options? table
---@return pneuma.Named
function nn.CategoricalCrossentropy(options) end

--- For targets that are classes from 0; `from_logits`.
---@param options? table
---@return pneuma.Named
function nn.SparseCategoricalCrossentropy(options) end

--- The mean of squared differences.
---@param options? table
---@return pneuma.Named
function nn.MeanSquaredError(options) end

--- Outputs over `threshold` (0.5) against targets of 0 and 1.
---@param options? table
---@return pneuma.Named
function nn.BinaryAccuracy(options) end

--- The greatest output against the greatest target.
---@param options? table
---@return pneuma.Named
function nn.CategoricalAccuracy(options) end

--- The greatest output against the class.
---@param options? table
---@return pneuma.Named
function nn.SparseCategoricalAccuracy(options) end

--- The area under the ROC curve, exact.
---@param options? table
---@return pneuma.Named
function nn.AUC(options) end

--- True positives among the positive outputs; `thresholds`.
---@param options? table
---@return pneuma.Named
function nn.Precision(options) end

--- True positives among the positive targets; `thresholds`.
---@param options? table
---@return pneuma.Named
function nn.Recall(options) end

-- Callbacks ------------------------------------------------------------------------------------

--- Ends the training when `monitor` ("val_loss") gets no better for `patience` epochs; `min_delta`,
--- `mode`, `baseline`, `restore_best_weights`, `start_from_epoch`.
---@param options? table
---@return pneuma.Named
function nn.EarlyStopping(options) end

--- Multiplies the learning rate by `factor` (0.1) when `monitor` gets no better for `patience` (10)
--- epochs; `min_delta`, `cooldown`, `min_lr`.
---@param options? table
---@return pneuma.Named
function nn.ReduceLROnPlateau(options) end

--- Saves the model after each epoch: `nn.ModelCheckpoint{"model-{epoch:02d}.safetensors"}`; `monitor`,
--- `save_best_only`, `mode`. The files are written when the training is done.
---@param options table
---@return pneuma.Named
function nn.ModelCheckpoint(options) end

--- Writes the numbers of all epochs to a CSV file as Keras does: `nn.CSVLogger{"log.csv"}`; `separator`,
--- `append`.
---@param options table
---@return pneuma.Named
function nn.CSVLogger(options) end

--- `nn.LearningRateScheduler{function(epoch, rate) return rate * 0.9 end}`, epochs from 1, or a schedule
--- over epochs. The function is asked for all epochs when the training begins.
---@param options table
---@return pneuma.Named
function nn.LearningRateScheduler(options) end

--- Ends the training, instead of failing, when the loss is no number any more.
---@param options? table
---@return pneuma.Named
function nn.TerminateOnNaN(options) end

--- A callback that may steer: `nn.Callback{on_epoch_end = function(epoch, logs, training) ... end}` with
--- `training:stop()`, `training.learning_rate` (may be set), `training.epoch`; on_train_begin(training),
--- on_train_end(training). A training with one is never taken from the cache.
---@param options table
---@return table
function nn.Callback(options) end
