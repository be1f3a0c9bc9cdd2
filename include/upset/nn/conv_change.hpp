// SPDX-License-Identifier: BSL-1.0
/// How changes pass through a convolution: by differences while they are few, else as a whole.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <upset/kernel/delta_product.hpp>
#include <upset/nn/change.hpp>

namespace upset {

/// The rule of a convolution without groups.
///
/// A sum of levels is an integer, so adding what changed gives exactly what the layer would
/// compute; sums of floats come out in another order of additions.
/// - cost: differences of inputs times taps times outputs, and reading the band that changed; the
///         whole layer where that would be more
template <class Level>
class ConvolutionChange final : public ChangeRule {
 public:
  using Product = DeltaProduct<Level>;
  using Sum = typename Product::Sum;
  static constexpr bool in_levels = std::is_integral_v<Level>;

  ConvolutionChange(std::unique_ptr<ConvolutionFace<Level>> face, const WindowGeometry& geometry,
                    const Shape& input, std::size_t outputs)
      : face_(std::move(face)),
        input_(input),
        outputs_(outputs),
        lanes_(face_->lanes()),
        product_(geometry, input[0], input[1], input[2], outputs),
        steps_(face_->steps()),
        biases_(face_->biases()),
        now_(input.size()),
        sums_(product_.output_height() * product_.output_width() * product_.stride()) {
    const std::vector<Level> weights = face_->weights();
    const std::size_t depth = weights.size() / outputs;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      product_.set_weight(i / depth, i % depth, weights[i]);
    }
    depth_ = depth;
  }

  void keep(std::size_t slot, std::span<const float> x, std::span<const float> y) override {
    if (slots_.size() <= slot) {
      slots_.resize(slot + 1);
    }
    Slot& kept = slots_[slot];
    kept.levels.resize(x.size());
    face_->read_inputs(x, kept.levels.data());
    if constexpr (in_levels) {
      keep_sums(y, kept);
    } else {
      std::uint32_t largest = 0;
      for (const float value : y) {
        largest = std::max(largest, magnitude(value));
      }
      kept.largest = std::bit_cast<float>(largest);
    }
  }

  [[nodiscard]] std::optional<WeightEffect> effect() const override {
    const auto touched = face_->touched_weights();
    if (!touched) {
      return std::nullopt;
    }
    WeightEffect effect;
    for (const auto& [element, level] : *touched) {
      const std::size_t output = element / depth_;
      const std::size_t k = element % depth_;
      const float difference =
          static_cast<float>(level) - static_cast<float>(product_.weight(output, k));
      const auto same = [&](const WeightEffect::Weight& other) {
        return other.output == output && other.k == k;
      };
      if (std::ranges::any_of(effect.weights, same)) {
        continue;  // one word may be touched several times
      }
      if (!std::isfinite(difference)) {
        return std::nullopt;
      }
      if (difference != 0) {
        effect.weights.push_back(
            {static_cast<std::uint32_t>(output), static_cast<std::uint32_t>(k), difference});
      }
    }
    if (face_->touched_biases()) {
      const std::vector<float> biases = face_->biases();
      for (std::size_t o = 0; o < biases.size(); ++o) {
        if (!detail::same_bits(&biases[o], &biases_[o], 1)) {
          effect.biases.push_back({static_cast<std::uint32_t>(o), biases[o]});
        }
      }
    }
    return effect;
  }

  void propagate(std::size_t slot, std::span<const ChangedInput> inputs, std::span<const float> y,
                 const NodeFaults& faults, Change& to) override {
    inherit(inputs, to);
    const Slot& kept = slots_[slot];
    const ChangedInput& x = inputs[0];
    if (!kept.is_usable) {
      compute_whole(x, faults, to);
      return;
    }
    find_differences(x, faults, kept);
    const WeightEffect* const effect = faults.weights;
    if (differences_.size() > most_differences()) {
      compute_whole(x, faults, to);
      return;
    }
    if (differences_.empty() && effect != nullptr &&
        effect->weights.size() + effect->biases.size() == 1) {
      change_channel(kept, y, *effect, to);
      return;
    }
    // rows of the output that may change
    std::size_t first = 0;
    std::size_t last = product_.output_height();
    if (effect == nullptr || (effect->weights.empty() && effect->biases.empty())) {
      if (differences_.empty()) {
        to.set_none();
        return;
      }
      const auto rows = product_.output_rows(differences_.front().pixel / input_[1],
                                             differences_.back().pixel / input_[1] + 1);
      first = rows[0];
      last = rows[1];
    }
    const std::size_t row = product_.output_width();
    std::fill(sums_.begin() + static_cast<std::ptrdiff_t>(first * row * product_.stride()),
              sums_.begin() + static_cast<std::ptrdiff_t>(last * row * product_.stride()), Sum{0});
    product_.add(differences_, sums_.data());
    if (effect != nullptr) {
      add_weights(*effect, kept);
    }
    finish(kept, y, first * row, last * row, effect, to);
  }

 private:
  struct Slot {
    AlignedVector<Level> levels;
    AlignedVector<std::int32_t> sums;  // of levels
    float largest = 0;                 // magnitude of y, of floats
    bool is_usable = true;
  };

  [[nodiscard]] static std::uint32_t magnitude(float x) {
    return std::bit_cast<std::uint32_t>(x) & 0x7FFFFFFFU;
  }
  // Above this the layer itself is faster.
  [[nodiscard]] std::size_t most_differences() const { return now_.size() / (in_levels ? 8 : 2); }

  // The sums behind y = sum step + bias: the only integers near enough, while a step is well above
  // the rounding of y.
  void keep_sums(std::span<const float> y, Slot& kept) const {
    kept.sums.resize(y.size());
    kept.is_usable = true;
    std::vector<double> inverse(outputs_);
    for (std::size_t o = 0; o < outputs_; ++o) {
      inverse[o] = 1.0 / static_cast<double>(steps_[o]);
      kept.is_usable =
          kept.is_usable && std::abs(static_cast<double>(biases_[o]) * inverse[o]) < 0x1p21;
    }
    double largest = 0;
    for (std::size_t p = 0; p < y.size(); p += outputs_) {
      for (std::size_t o = 0; o < outputs_; ++o) {
        const double sum =
            (static_cast<double>(y[p + o]) - static_cast<double>(biases_[o])) * inverse[o];
        largest = std::max(largest, std::abs(sum));
        kept.sums[p + o] = static_cast<std::int32_t>(std::lrint(sum));
      }
    }
    kept.is_usable = kept.is_usable && largest < 0x1p21;
  }

  // The first value and the number of values of the word that activation bit `bit` is in.
  [[nodiscard]] std::pair<std::size_t, std::size_t> word_of(std::uint64_t bit) const {
    const std::size_t first = bit / face_->word_bits() * lanes_;
    return {first, std::min(lanes_, now_.size() - first)};
  }

  // differences_: where what the layer reads differs, flips included; now_: what it reads there.
  void find_differences(const ChangedInput& x, const NodeFaults& faults, const Slot& kept) {
    differences_.clear();
    begin_ = x.is_none() ? now_.size() : x.change->begin / lanes_ * lanes_;
    end_ = x.is_none() ? 0 : std::min((x.change->end + lanes_ - 1) / lanes_ * lanes_, now_.size());
    const std::size_t change_begin = begin_;
    const std::size_t change_end = std::max(begin_, end_);
    if (!faults.activation_bits.empty()) {
      const auto low = word_of(faults.activation_bits.front());
      const auto high = word_of(faults.activation_bits.back());
      begin_ = std::min(begin_, low.first);
      end_ = std::max(end_, high.first + high.second);
      std::copy(kept.levels.begin() + static_cast<std::ptrdiff_t>(begin_),
                kept.levels.begin() + static_cast<std::ptrdiff_t>(end_),
                now_.begin() + static_cast<std::ptrdiff_t>(begin_));
    }
    if (begin_ >= end_) {
      begin_ = end_ = 0;
      return;
    }
    if (!x.is_none() && lanes_ == 1) {
      face_->read_inputs(
          std::span(x.change->values).subspan(change_begin, change_end - change_begin),
          now_.data() + change_begin);
    } else if (!x.is_none()) {
      word_.resize(change_end - change_begin);
      for (std::size_t i = 0; i < word_.size(); ++i) {
        word_[i] = x.value(change_begin + i);
      }
      face_->read_inputs(word_, now_.data() + change_begin);
    }
    for (std::size_t i = 0; i < faults.activation_bits.size();) {
      const auto word = word_of(faults.activation_bits[i]);
      std::size_t last = i + 1;
      while (last < faults.activation_bits.size() &&
             word_of(faults.activation_bits[last]) == word) {
        ++last;
      }
      word_.resize(word.second);
      for (std::size_t lane = 0; lane < word.second; ++lane) {
        word_[lane] = x.value(word.first + lane);
      }
      face_->read_flipped_word(word_, faults.activation_bits.subspan(i, last - i),
                               now_.data() + word.first);
      i = last;
    }
    collect(kept.levels.data());
  }

  void collect(const Level* golden) {
    const std::size_t channels = input_[2];
    std::size_t pixel = begin_ / channels;
    std::size_t next = (pixel + 1) * channels;
    detail::for_each_difference(
        now_.data() + begin_, golden + begin_, end_ - begin_, [&](std::size_t offset) {
          const std::size_t i = begin_ + offset;
          if (i >= next) {
            pixel = i / channels;
            next = (pixel + 1) * channels;
          }
          const std::size_t channel = i - (next - channels);
          const auto at = static_cast<std::uint32_t>(pixel);
          const auto word = static_cast<std::uint32_t>(channel / Product::group);
          if (differences_.empty() || differences_.back().pixel != at ||
              differences_.back().word != word) {
            differences_.push_back({at, word, {}});
          }
          differences_.back().values[channel % Product::group] =
              static_cast<Level>(now_[i] - golden[i]);
        });
  }

  // w' x' = w x + w dx + dw x': the last of these.
  void add_weights(const WeightEffect& effect, const Slot& kept) {
    for (const WeightEffect::Weight& weight : effect.weights) {
      const auto difference = static_cast<Sum>(weight.difference);
      product_.for_each_input(weight.k, [&](std::size_t pixel, std::size_t i) {
        const Level x = begin_ <= i && i < end_ ? now_[i] : kept.levels[i];
        sums_[pixel * product_.stride() + weight.output] += difference * static_cast<Sum>(x);
      });
    }
  }

  // y = (sum + what changed) step + bias, for pixels `first` to `last - 1`.
  void finish(const Slot& kept, std::span<const float> y, std::size_t first, std::size_t last,
              const WeightEffect* effect, Change& to) {
    to.begin = first * outputs_;
    to.end = last * outputs_;
    [[maybe_unused]] std::span<const float> biases = biases_;
    if (effect != nullptr && !effect->biases.empty()) {
      faulty_biases_ = biases_;
      for (const WeightEffect::Bias& bias : effect->biases) {
        faulty_biases_[bias.output] = bias.value;
      }
      biases = faulty_biases_;
    }
    const std::size_t outputs = outputs_;
    const float* const step = steps_.data();
    const float* const bias = biases.data();
    [[maybe_unused]] const float* const old_bias = biases_.data();
    std::uint32_t largest = 0;
    for (std::size_t p = first; p < last; ++p) {
      const Sum* const added = sums_.data() + p * product_.stride();
      float* const out = to.values.data() + p * outputs;
      if constexpr (in_levels) {
        const std::int32_t* const sum = kept.sums.data() + p * outputs;
        for (std::size_t o = 0; o < outputs; ++o) {
          out[o] = static_cast<float>(sum[o] + added[o]) * step[o] + bias[o];
        }
      } else {
        const float* const old = y.data() + p * outputs;
        for (std::size_t o = 0; o < outputs; ++o) {
          const float change = added[o] + (bias[o] - old_bias[o]);
          largest = std::max(largest, magnitude(change));
          out[o] = old[o] + change;
        }
      }
    }
    note_rounding(kept, largest, to);
  }

  void change_channel(const Slot& kept, std::span<const float> y, const WeightEffect& effect,
                      Change& to) {
    const bool is_weight = !effect.weights.empty();
    const std::size_t output = is_weight ? effect.weights[0].output : effect.biases[0].output;
    const float bias = is_weight ? biases_[output] : effect.biases[0].value;
    std::ranges::copy(y, to.values.begin());
    to.begin = 0;
    to.end = y.size();
    std::uint32_t largest = 0;
    const auto change = [&](std::size_t pixel, Sum added) {
      const std::size_t at = pixel * outputs_ + output;
      if constexpr (in_levels) {
        to.values[at] = static_cast<float>(kept.sums[at] + added) * steps_[output] + bias;
      } else {
        const float difference = added + (bias - biases_[output]);
        largest = std::max(largest, magnitude(difference));
        to.values[at] = y[at] + difference;
      }
    };
    if (is_weight) {
      const auto difference = static_cast<Sum>(effect.weights[0].difference);
      product_.for_each_input(effect.weights[0].k, [&](std::size_t pixel, std::size_t i) {
        change(pixel, difference * static_cast<Sum>(kept.levels[i]));
      });
    } else {
      for (std::size_t pixel = 0; pixel * outputs_ < y.size(); ++pixel) {
        change(pixel, 0);
      }
    }
    note_rounding(kept, largest, to);
  }

  // What is a thousand times as large as everything before it has left no more than half of the
  // digits of what it was added to.
  static void note_rounding(const Slot& kept, std::uint32_t largest, Change& to) {
    if constexpr (!in_levels) {
      to.is_exact = false;
      const float change = std::bit_cast<float>(largest);
      to.is_suspect = to.is_suspect || !(change <= 1024.0F * kept.largest);
    }
  }

  void compute_whole(const ChangedInput& x, const NodeFaults& faults, Change& to) {
    Tensor picture = Tensor::uninitialized(input_.with_batch(1));
    x.write(picture.values());
    const ActivationHook flip = [&](std::size_t, std::uint64_t, MemoryImage& memory) {
      for (const std::uint64_t bit : faults.activation_bits) {
        memory.flip(bit);
      }
    };
    Pass pass;
    pass.hook = faults.activation_bits.empty() ? nullptr : &flip;
    const Tensor result = face_->forward(picture, pass);
    std::ranges::copy(result.values(), to.values.begin());
    to.begin = 0;
    to.end = result.size();
    to.is_suspect = to.is_suspect || (faults.weights != nullptr && !faults.is_refreshed);
  }

  std::unique_ptr<ConvolutionFace<Level>> face_;
  Shape input_;  // [H, W, I]
  std::size_t outputs_;
  std::size_t lanes_;  // values in a word of what is read
  std::size_t depth_ = 0;
  Product product_;
  std::vector<float> steps_;
  std::vector<float> biases_;
  std::vector<Slot> slots_;
  // of the picture being computed
  std::vector<typename Product::Difference> differences_;
  std::size_t begin_ = 0;  // of what now_ holds
  std::size_t end_ = 0;
  AlignedVector<Level> now_;
  AlignedVector<Sum> sums_;
  std::vector<float> word_;  // or words, of real values
  std::vector<float> faulty_biases_;
};

}  // namespace upset
