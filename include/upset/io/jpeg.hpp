// SPDX-License-Identifier: BSL-1.0
/// JPEG files, decoded by libjpeg-turbo.
///
/// Decoders differ by up to three grey levels, and networks of 8 bits by a point of accuracy
/// between them; this is the one of Pillow and OpenCV, and so of most published figures.
/// Source: D. Commander and others, libjpeg-turbo (BSD and IJG licences), its TurboJPEG interface.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <turbojpeg.h>

#include <upset/core/error.hpp>
#include <upset/io/picture.hpp>

namespace upset {

/// Decodes the bytes of a JPEG file, baseline or progressive, into red, green and blue; grey
/// becomes three equal channels. `where` is its name in errors.
///
/// - errors: throws `Error` for what is damaged, cut off or not supported (CMYK, 12 bits), and for
///           more pixels than `expect_pixels` allows
[[nodiscard]] inline Picture decode_jpeg(std::span<const std::uint8_t> bytes,
                                         const std::string& where) {
  struct Destroy {
    void operator()(void* decoder) const { tjDestroy(decoder); }
  };
  const std::unique_ptr<void, Destroy> decoder(tjInitDecompress());
  const auto expect = [&](int status) {
    if (status != 0) {
      throw Error(where + ": cannot be decoded (" + tjGetErrorStr2(decoder.get()) +
                  "); fetch it again, or save it as an RGB or grey JPEG file of 8 bits a channel");
    }
  };
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colours = 0;
  expect(tjDecompressHeader3(decoder.get(), bytes.data(), bytes.size(), &width, &height,
                             &subsampling, &colours));
  if (width == 0) {  // not an error to TurboJPEG: a file of tables alone
    throw Error(where + ": ends early; fetch the file again");
  }
  detail::expect_pixels(height, width, bytes.size(), where);
  Picture picture{static_cast<std::size_t>(height), static_cast<std::size_t>(width), 3, {}};
  picture.pixels.resize(picture.height * picture.width * picture.channels);
  // Files with thousands of empty scans take minutes; real ones have a dozen.
  expect(tjDecompress2(decoder.get(), bytes.data(), bytes.size(), picture.pixels.data(), width, 0,
                       height, TJPF_RGB, TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS));
  return picture;
}

}  // namespace upset
