# SPDX-License-Identifier: BSL-1.0
# ONNX, its messages (ONNX::proto) and its checker (ONNX::onnx). Debian's own ONNXConfig.cmake names
# files that libonnx-dev does not have, and makes targets without a namespace.
find_path(ONNX_INCLUDE_DIR onnx/onnx_pb.h DOC "Folder that holds onnx/onnx_pb.h")
find_library(ONNX_LIBRARY onnx DOC "Library of ONNX's operators and checker")
find_library(ONNX_PROTO_LIBRARY onnx_proto DOC "Library of ONNX's messages")
mark_as_advanced(ONNX_INCLUDE_DIR ONNX_LIBRARY ONNX_PROTO_LIBRARY)
find_package(Protobuf QUIET)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ONNX REQUIRED_VARS ONNX_PROTO_LIBRARY ONNX_LIBRARY
                                                     ONNX_INCLUDE_DIR Protobuf_FOUND)

if(ONNX_FOUND AND NOT TARGET ONNX::proto)
  add_library(ONNX::proto INTERFACE IMPORTED)
  target_include_directories(ONNX::proto INTERFACE ${ONNX_INCLUDE_DIR})
  # as the libraries were built
  target_compile_definitions(ONNX::proto INTERFACE ONNX_ML=1 ONNX_NAMESPACE=onnx)
  target_link_libraries(ONNX::proto INTERFACE ${ONNX_PROTO_LIBRARY} protobuf::libprotobuf)
  add_library(ONNX::onnx INTERFACE IMPORTED)
  target_link_libraries(ONNX::onnx INTERFACE ${ONNX_LIBRARY} ONNX::proto)
endif()
