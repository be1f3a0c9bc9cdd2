# SPDX-License-Identifier: BSL-1.0
# Debian splits libjpeg-turbo: its own package file fails where only one half is installed.
find_path(TurboJPEG_INCLUDE_DIR turbojpeg.h DOC "Folder that holds turbojpeg.h")
find_library(TurboJPEG_LIBRARY turbojpeg DOC "TurboJPEG, the library of libjpeg-turbo")
mark_as_advanced(TurboJPEG_INCLUDE_DIR TurboJPEG_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TurboJPEG REQUIRED_VARS TurboJPEG_LIBRARY TurboJPEG_INCLUDE_DIR)

if(TurboJPEG_FOUND AND NOT TARGET TurboJPEG::TurboJPEG)
  add_library(TurboJPEG::TurboJPEG INTERFACE IMPORTED)
  target_include_directories(TurboJPEG::TurboJPEG INTERFACE ${TurboJPEG_INCLUDE_DIR})
  target_link_libraries(TurboJPEG::TurboJPEG INTERFACE ${TurboJPEG_LIBRARY})
endif()
