// SPDX-License-Identifier: BSL-1.0
/// Activations as the matrix product reads them: padded images, one behind the other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>

#include <upset/core/transform.hpp>
#include <upset/format/float32.hpp>
#include <upset/kernel/arithmetic.hpp>
#include <upset/kernel/gemm.hpp>
#include <upset/kernel/packed_matrix.hpp>
#include <upset/kernel/window.hpp>
#include <upset/kernel/window_parts.hpp>
#include <upset/tensor/memory.hpp>

namespace upset {

/// A block of pictures in memory format `A`, as a convolution with weights in `W` reads them.
template <Format W, Format A>
class PaddedPictures {
 public:
  using ArithmeticOf = Arithmetic<W, A>;
  using Activation = typename ArithmeticOf::Activation;

  /// For up to `pictures` of [height, width, channels].
  PaddedPictures(const WindowGeometry& geometry, std::size_t height, std::size_t width,
                 std::size_t channels, std::size_t pictures, const typename A::Scale& scale)
      : window_(geometry, height, width, channels),
        pictures_(pictures),
        zero_(static_cast<Activation>(ArithmeticOf::zero(scale))),
        // products of groups may read beyond the last picture
        is_unpadded_(geometry.groups == 1 && geometry.reads_no_padding()) {}

  /// Takes pictures that follow one another at x as they are, where writing them would be a copy;
  /// returns whether it is so. They must outlive the product.
  [[nodiscard]] bool read_in_place([[maybe_unused]] const float* x) {
    if constexpr (is_copy) {
      if (is_unpadded_) {
        data_ = x;
        return true;
      }
    }
    return false;
  }

  /// Rounds one picture, as writing it to memory and reading it back would.
  void write(std::size_t picture, std::span<const float> x, const typename A::Scale& scale) {
    Activation* const image = padded(picture);
    ArithmeticOf::with_rounding(scale, [&](const auto& round) {
      window_.for_each_stretch([&](std::size_t from, std::size_t to, std::size_t length) {
        detail::transform(x.data() + from, length, image + to, round);
      });
    });
    look_for_tiny(picture);
  }
  /// Reads one picture from memory.
  void write(std::size_t picture, const Memory<A>& memory) {
    AlignedVector<Activation> values(memory.size());
    memory.read([to = values.data()](std::size_t element, typename A::code_type code,
                                     const typename A::Scale& s) {
      to[element] = ArithmeticOf::activation(code, s);
    });
    Activation* const image = padded(picture);
    window_.for_each_stretch([&](std::size_t from, std::size_t to, std::size_t length) {
      std::copy_n(values.data() + from, length, image + to);
    });
    look_for_tiny(picture);
  }

  [[nodiscard]] const Activation* data() const { return data_; }
  /// Whether codes of `BFloat16` in the first `pictures` are too small for the processor to
  /// multiply them as they are.
  [[nodiscard]] bool holds_tiny(std::size_t pictures) const {
    return std::ranges::any_of(std::span(tiny_).first(std::min(pictures, tiny_.size())),
                               [](char holds) { return holds != 0; });
  }
  /// Where each window of the first `pictures` begins.
  [[nodiscard]] std::span<const std::size_t> bases(std::size_t pictures) {
    if (bases_.empty()) {
      bases_ = window_.bases(pictures_);
    }
    return std::span(bases_).first(pictures * window_.output_pixels());
  }
  /// Whether windows could leave out padding.
  [[nodiscard]] bool has_parts() const { return window_.may_leave_out_taps(); }
  /// The windows of the first `pictures`, sorted by the taps they have to multiply, for a product
  /// with so many `outputs` and such tiles.
  [[nodiscard]] const WindowParts& parts(std::size_t pictures, std::size_t outputs,
                                         std::size_t tile_rows) {
    constexpr std::size_t unit = PackedMatrix<typename ArithmeticOf::Weight>::part_unit;
    const WindowBlock block{window_, pictures, outputs, tile_rows, window_.channels() % unit == 0};
    if (!parts_ || parts_->block() != block) {
      parts_ = WindowParts::of(block);
    }
    return *parts_;
  }
  /// What a window reads.
  [[nodiscard]] const Window& window() const { return window_; }

 private:
  static constexpr bool is_copy = std::is_same_v<A, Float32> && std::is_same_v<Activation, float>;

  void look_for_tiny([[maybe_unused]] std::size_t picture) {
    if constexpr (std::is_same_v<Activation, detail::BFloat16Code>) {
      tiny_.resize(pictures_);
      tiny_[picture] = detail::holds_tiny({padded(picture), window_.padded_size()}) ? 1 : 0;
    }
  }

  /// Where a picture is padded. The first call writes all padding.
  [[nodiscard]] Activation* padded(std::size_t picture) {
    if (padded_.empty()) {
      // the product may read beyond the last operand
      padded_.resize(pictures_ * window_.padded_size() + operand_slack);
      Activation* end = padded_.data();  // of what is written, or a picture
      for (std::size_t p = 0; p < pictures_; ++p) {
        Activation* const image = padded_.data() + p * window_.padded_size();
        window_.for_each_stretch([&](std::size_t, std::size_t to, std::size_t length) {
          std::fill(end, image + to, zero_);
          end = image + to + length;
        });
      }
      std::fill(end, padded_.data() + padded_.size(), zero_);
    }
    data_ = padded_.data();
    return padded_.data() + picture * window_.padded_size();
  }

  Window window_;
  AlignedVector<std::size_t> bases_;          // empty before anyone asks
  std::shared_ptr<const WindowParts> parts_;  // as last asked for
  std::size_t pictures_;
  Activation zero_;
  bool is_unpadded_;
  AlignedVector<Activation> padded_;
  const Activation* data_ = nullptr;
  AlignedVector<char> tiny_;  // of each picture: whether it `holds_tiny`; of codes of `BFloat16`
};

}  // namespace upset
