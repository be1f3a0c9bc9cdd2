# SPDX-License-Identifier: BSL-1.0
# stb is headers, and a library of their contents in Debian; it ships no package file of its own.
find_path(Stb_INCLUDE_DIR stb/stb_image.h DOC "Folder that holds stb/stb_image.h")
find_library(Stb_LIBRARY stb DOC "Library of stb's functions")
mark_as_advanced(Stb_INCLUDE_DIR Stb_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Stb REQUIRED_VARS Stb_LIBRARY Stb_INCLUDE_DIR)

if(Stb_FOUND AND NOT TARGET Stb::Stb)
  add_library(Stb::Stb INTERFACE IMPORTED)
  target_include_directories(Stb::Stb INTERFACE ${Stb_INCLUDE_DIR})
  target_link_libraries(Stb::Stb INTERFACE ${Stb_LIBRARY})
endif()
