// SPDX-License-Identifier: BSL-1.0
/// How changes pass through a layer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <upset/nn/changed_value.hpp>
#include <upset/nn/layer.hpp>
#include <upset/nn/tail.hpp>

namespace upset {

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
