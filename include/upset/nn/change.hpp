// SPDX-License-Identifier: BSL-1.0
/// What faults change in the values of one picture, and how changes pass through a layer.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <upset/core/aligned_allocator.hpp>
#include <upset/core/differences.hpp>
#include <upset/kernel/op.hpp>
#include <upset/nn/layer.hpp>

namespace upset {

/// One picture's value at a node of a network: `values` within [begin, end), the fault-free one
/// elsewhere. A stretch of a picture [H, W, C] is a band of its rows.
struct Change {
  AlignedVector<float> values;
  std::size_t begin = 0;
  std::size_t end = 0;
  /// Bit for bit what the layers would compute; otherwise off by the rounding of float sums.
  bool is_exact = true;
  /// So large that rounding may have swallowed what it was added to: not to be relied upon.
  bool is_suspect = false;

  /// Nothing has been computed, see `NodeFaults::may_decline`.
  bool is_declined = false;

  /// Where it is known that no more than one channel differs: which, and all its values.
  std::optional<std::size_t> channel;
  AlignedVector<float> channel_values;

  [[nodiscard]] bool is_none() const { return begin == end; }
  void set_none() {
    begin = end = 0;
    is_exact = true;
    is_suspect = false;
    is_declined = false;
    channel.reset();
  }
  /// Becomes the fault-free value [pixels, channels] but for `channel_values` of channel c.
  void set_channel(std::size_t c, std::size_t channels, std::span<const float> golden) {
    const std::size_t pixels = channel_values.size();
    const auto differs = [&](std::size_t pixel) {
      return !detail::same_bits(&channel_values[pixel], &golden[pixel * channels + c], 1);
    };
    std::size_t first = 0;
    std::size_t last = pixels;
    for (; first < last && !differs(first); ++first) {
    }
    for (; first < last && !differs(last - 1); --last) {
    }
    channel = c;
    begin = first < last ? first * channels : 0;
    end = first < last ? last * channels : 0;
    std::copy(golden.data() + begin, golden.data() + end, values.data() + begin);
    for (std::size_t pixel = first; pixel < last; ++pixel) {
      values[pixel * channels + c] = channel_values[pixel];
    }
  }
  /// Leaves out equal values at both ends.
  void trim(std::span<const float> golden) {
    begin = detail::first_difference(values.data(), golden.data(), begin, end);
    end = detail::last_difference(values.data(), golden.data(), begin, end);
    if (begin == end) {
      begin = end = 0;
    }
  }
  /// How far it is from the fault-free value, in the Euclidean norm, with squares added in float;
  /// or something above `enough`, where it is more than that.
  [[nodiscard]] double distance(std::span<const float> golden,
                                double enough = std::numeric_limits<double>::infinity()) const {
    constexpr std::size_t lanes = detail::vector_bytes / sizeof(float);
    constexpr std::size_t part = 32 * lanes;
    // by name: of an array of floats GCC 12 makes scalars and permutations
    using Floats = typename detail::Register<float, lanes>::type;
    using Stored = typename detail::Lanes<float, lanes>::type;
    double sum = 0;
    for (std::size_t i = begin; i < end && sum <= enough * enough;) {
      const std::size_t last = std::min(i + part, end);
      Floats squares{};
      for (; i + lanes <= last; i += lanes) {
        const Floats difference = *reinterpret_cast<const Stored*>(values.data() + i) -
                                  *reinterpret_cast<const Stored*>(golden.data() + i);
        squares += difference * difference;
      }
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        sum += static_cast<double>(squares[lane]);
      }
      for (; i < last; ++i) {
        const float difference = values[i] - golden[i];
        sum += static_cast<double>(difference * difference);
      }
    }
    return std::sqrt(sum);
  }
};

/// An input of a node: its fault-free value and what has become of it.
struct ChangedInput {
  std::span<const float> golden;
  const Change* change = nullptr;  ///< null where the input is that of the network

  [[nodiscard]] bool is_none() const { return change == nullptr || change->is_none(); }
  [[nodiscard]] float value(std::size_t i) const {
    return is_none() || i < change->begin || i >= change->end ? golden[i] : change->values[i];
  }
  /// values[i] += value(first + i)
  void add(std::size_t first, std::span<float> values) const {
    const std::size_t last = first + values.size();
    const std::size_t begin = is_none() ? last : std::clamp(change->begin, first, last);
    const std::size_t end = is_none() ? last : std::clamp(change->end, begin, last);
    const auto add_part = [&](const float* from, std::size_t from_element, std::size_t to_element) {
      float* const to = values.data() + (from_element - first);
      for (std::size_t i = from_element; i < to_element; ++i) {
        to[i - from_element] += from[i];
      }
    };
    add_part(golden.data(), first, begin);
    if (begin < end) {
      add_part(change->values.data(), begin, end);
    }
    add_part(golden.data(), end, last);
  }
  /// Writes the whole value.
  void write(std::span<float> to) const {
    for_each_stretch([&](const float* from, std::size_t begin, std::size_t end) {
      std::copy(from + begin, from + end, to.data() + begin);
    });
  }
  /// Calls `use(values, begin, end)` for stretches that make up the whole value, in order.
  template <class Use>
  void for_each_stretch(Use use) const {
    const std::size_t begin = is_none() ? golden.size() : change->begin;
    const std::size_t end = is_none() ? golden.size() : change->end;
    use(golden.data(), 0, begin);
    if (begin < end) {
      use(change->values.data(), begin, end);
    }
    use(golden.data(), end, golden.size());
  }
};

/// What flips made of the weights of a layer, as differences from the fault-free ones.
struct WeightEffect {
  struct Weight {
    std::uint32_t output = 0;
    std::uint32_t k = 0;   ///< in the order of a [H, W, I] kernel
    float difference = 0;  ///< of levels where levels are multiplied, else of reals
  };
  struct Bias {
    std::uint32_t output = 0;
    float value = 0;  ///< the new one
  };
  std::vector<Weight> weights;
  std::vector<Bias> biases;
};

/// What faults hit a node in the trial being computed.
struct NodeFaults {
  /// Bits of what the layer reads, in memory order, ascending.
  std::span<const std::uint64_t> activation_bits;
  const WeightEffect* weights = nullptr;
  /// The layer itself has been refreshed since its weights were hit.
  bool is_refreshed = false;
  /// So much changes that many pictures should be computed together, if that is possible: the rule
  /// may leave `Change::is_declined` behind and nothing else.
  bool may_decline = false;

  /// Flips the bits in what the layer reads.
  [[nodiscard]] ActivationHook hook() const {
    return [bits = activation_bits](std::size_t, std::uint64_t, MemoryImage& memory) {
      for (const std::uint64_t bit : bits) {
        memory.flip(bit);
      }
    };
  }
};

/// Applied to finished values, which are those from element `first` on.
using BandFunction = std::function<void(std::size_t first, std::span<float> values)>;

/// Applied to the finished values of a channel, one a pixel.
using ChannelFunction = std::function<void(std::size_t channel, std::span<float> values)>;

/// What follows a layer and is applied to its value while that is in the cache.
struct Tail {
  const BandFunction* function = nullptr;
  std::size_t begin = 0;  ///< what it changes by itself, [begin, end)
  std::size_t end = 0;
  std::span<const float> golden = {};  ///< the fault-free value behind it
  /// The same of one channel; null where it mixes channels or changes something by itself.
  const ChannelFunction* of_channel = nullptr;

  /// Applies it to what the layer has computed, all of `to`, which begins with a pixel.
  void apply(std::size_t channels, Change& to) const {
    // whole pixels that stay in the innermost cache
    const std::size_t part = std::max<std::size_t>(2048 / channels, 1) * channels;
    for (std::size_t first = to.begin; function != nullptr && first < to.end; first += part) {
      (*function)(first, {to.values.data() + first, std::min(part, to.end - first)});
    }
  }
  /// Extends `to`, to which it has been applied, to what it changes by itself; y is the layer's
  /// fault-free value.
  void extend(std::span<const float> y, Change& to) const {
    const auto cover = [&](std::size_t first, std::size_t last) {
      if (first < last) {
        std::copy_n(y.data() + first, last - first, to.values.data() + first);
        (*function)(first, {to.values.data() + first, last - first});
      }
    };
    if (function != nullptr && begin < end) {
      cover(begin, std::max(begin, to.begin));
      cover(std::min(end, to.end), end);
      to.begin = std::min(to.begin, begin);
      to.end = std::max(to.end, end);
    }
  }
};

/// How changes pass through one layer. Pictures whose fault-free values are at hand are numbered by
/// slots. An object is used by one thread.
class ChangeRule {
 public:
  ChangeRule() = default;
  ChangeRule(const ChangeRule&) = delete;
  ChangeRule& operator=(const ChangeRule&) = delete;
  virtual ~ChangeRule() = default;

  /// Takes a picture's fault-free values into `slot`.
  virtual void keep(std::size_t /*slot*/, std::span<const float> /*x*/,
                    std::span<const float> /*y*/) {}

  /// What flips made since the layer was last refreshed do to its weights; nothing where they do
  /// something else, and the layer has to be refreshed and computed as a whole.
  [[nodiscard]] virtual std::optional<WeightEffect> effect() const { return std::nullopt; }

  /// The value that follows from the inputs and the faults. `to.values` is as large as `y`, the
  /// fault-free value; sets all of `to`, which the caller trims.
  virtual void propagate(std::size_t slot, std::span<const ChangedInput> inputs,
                         std::span<const float> y, const NodeFaults& faults, Change& to) = 0;

  /// Whether there is a `propagate` with a tail.
  [[nodiscard]] virtual bool takes_tail() const { return false; }
  /// The value behind the tail, which covers what either changes; sets nothing, which is exact,
  /// where the layer itself changes nothing and the tail was not applied.
  virtual void propagate(std::size_t slot, std::span<const ChangedInput> inputs,
                         std::span<const float> y, const NodeFaults& faults, const Tail& tail,
                         Change& to) {
    static_cast<void>(tail);
    propagate(slot, inputs, y, faults, to);
  }

 protected:
  static void inherit(std::span<const ChangedInput> inputs, Change& to) {
    to.is_exact = true;
    to.is_suspect = false;
    to.is_declined = false;
    to.channel.reset();
    for (const ChangedInput& input : inputs) {
      to.is_exact = to.is_exact && (input.is_none() || input.change->is_exact);
      to.is_suspect = to.is_suspect || (!input.is_none() && input.change->is_suspect);
    }
  }
};

/// What propagation asks of a convolution, whatever its formats. `Level` is what is multiplied:
/// `std::int16_t` for levels, `float` for reals.
template <class Level>
class ConvolutionFace {
 public:
  ConvolutionFace() = default;
  ConvolutionFace(const ConvolutionFace&) = delete;
  ConvolutionFace& operator=(const ConvolutionFace&) = delete;
  virtual ~ConvolutionFace() = default;

  /// What values become that are written to memory, whole words of it, and read back.
  virtual void read_inputs(std::span<const float> x, Level* to) const = 0;
  /// Values in a word, and bits.
  [[nodiscard]] virtual std::size_t lanes() const = 0;
  [[nodiscard]] virtual std::size_t word_bits() const = 0;
  /// `read_inputs` of one word, bits of which are flipped; they are numbered within the picture.
  virtual void read_flipped_word(std::span<const float> x, std::span<const std::uint64_t> bits,
                                 Level* to) const = 0;
  [[nodiscard]] virtual std::vector<Level> weights() const = 0;
  /// The steps sums are multiplied with, and the biases added to them.
  [[nodiscard]] virtual std::vector<float> steps() const = 0;
  [[nodiscard]] virtual std::vector<float> biases() const = 0;
  /// The weights in words that flips touched, as {element, level}; nothing if a scale was touched.
  [[nodiscard]] virtual std::optional<std::vector<std::pair<std::size_t, Level>>> touched_weights()
      const = 0;
  [[nodiscard]] virtual bool touched_biases() const = 0;
  /// The layer itself: y from a whole picture, with bits flipped in memory.
  [[nodiscard]] virtual Tensor forward(const Tensor& x, const Pass& pass) const = 0;
};

}  // namespace upset
