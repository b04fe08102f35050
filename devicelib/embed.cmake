# cmake -DINPUT=file -DOUTPUT=file.inc -P embed.cmake: the bytes of a file as the elements of an array. (C23's #embed would do it, but
# ccache does not see which file it reads.)
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "${bytes}")
