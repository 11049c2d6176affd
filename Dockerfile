# docker build -t autoencoder-explorer .
# docker run -p 8501:8501 -v explorer-runs:/data/runs -v explorer-sets:/data/sets autoencoder-explorer
FROM python:3.11-slim

# Optional: an index with torch's CPU build, which is a tenth of the size (--build-arg TORCH_INDEX=...).
ARG TORCH_INDEX=""
ENV PYTHONUNBUFFERED=1

WORKDIR /app
COPY requirements.txt ./
RUN PIP_EXTRA_INDEX_URL="$TORCH_INDEX" pip install --no-cache-dir -r requirements.txt

COPY .streamlit .streamlit
COPY pretrained pretrained
COPY ae_core ae_core
COPY ui ui
COPY pages pages
COPY app.py ./
RUN python -m compileall -q ae_core ui pages app.py

RUN useradd --create-home --uid 1000 explorer \
    && install -d -o explorer -g explorer /data /data/runs /data/sets
USER explorer
ENV AE_RUNS=/data/runs AE_DATA=/data/sets
VOLUME ["/data/runs", "/data/sets"]

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app.py", "--server.address=0.0.0.0"]
